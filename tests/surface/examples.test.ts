/** The worked examples of PyTorch's surface, on the devices that have every dtype. */
import * as torch from "cresset";
import { beforeAll, describe, expect, it } from "vitest";
import { Adapter, type DeviceName } from "../oracle/adapter.ts";
import { differences, stepLists } from "./examples.ts";

const devices: DeviceName[] = ["cpu", "cpu:js"];

describe.each(devices)("the worked examples on %s", (device) => {
  const adapter = new Adapter(torch, device);
  beforeAll(() => adapter.open());

  it("are the 96 that the surface lists", () => {
    expect(stepLists.length).toBe(96);
  });

  it.each(stepLists)("$id gives what it says", async (example) => {
    expect(await differences(adapter, example)).toEqual([]);
  });
});
