import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { measureBundle } from "../../scripts/measure-size.ts";

describe("measuring the bundle", () => {
  it("tells what is loaded at once from what is loaded on demand", async () => {
    const entry = fileURLToPath(new URL("../../bench/size/entry-all.ts", import.meta.url));
    const { atOnce, inAll, sources } = await measureBundle(entry);
    expect(atOnce.gzip).toBeGreaterThan(0);
    expect(atOnce.gzip).toBeLessThan(atOnce.minified);
    // The GPU's device is a part of its own.
    expect(inAll.gzip).toBeGreaterThan(atOnce.gzip);
    expect(sources.map(([file]) => file)).toContain("runtime/webgpu/device.ts");
  });
});
