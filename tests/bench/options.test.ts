import { describe, expect, test } from "vitest";
import { parseOptions, select } from "../../bench/options.ts";

const items = ["W1_256", "W1_2048", "W3_softmax", "W4_sum", "W4_sum0"].map((id) => ({ id }));
const ids = (asked: readonly string[]): string[] => select(items, asked).map(({ id }) => id);

describe("the bench's command line", () => {
  test("names nothing for everything", () => {
    expect(ids([])).toHaveLength(items.length);
  });

  test("a whole id names one workload, a beginning names several", () => {
    expect(ids(["W4_sum"])).toEqual(["W4_sum"]);
    expect(ids(["W4"])).toEqual(["W4_sum", "W4_sum0"]);
    expect(ids(["W3", "W1_256"])).toEqual(["W1_256", "W3_softmax"]);
  });

  test("an id that names nothing is refused", () => {
    expect(() => ids(["W77"])).toThrow("There is no workload W77.");
  });

  test("ids may be separated by commas or spaces", () => {
    expect(parseOptions(["W1,W2", "W3", "--device", "cpu:js"])).toMatchObject({
      ids: ["W1", "W2", "W3"],
      device: "cpu:js",
    });
  });

  test("the newest Node is the only other one", () => {
    expect(parseOptions(["--node", "newest"]).newestNode).toBe(true);
    expect(parseOptions([]).newestNode).toBe(false);
    expect(() => parseOptions(["--node", "18"])).toThrow("--node must be newest, got 18.");
  });

  test("counts must be whole numbers", () => {
    expect(() => parseOptions(["--threads", "0"])).toThrow("--threads must be a whole number above 0, got 0.");
  });
});
