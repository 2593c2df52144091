/** What the surface states in words of PyTorch's behaviour, each as a test. */
import { describe, expect, it } from "vitest";
import { autogradBehaviours } from "./behaviours/autograd.ts";
import { dataBehaviours } from "./behaviours/data.ts";
import { moduleBehaviours } from "./behaviours/modules.ts";
import { tensorBehaviours } from "./behaviours/tensors.ts";
import { waiting } from "./behaviours.ts";
import { behaviours } from "./examples.ts";

const written = { ...tensorBehaviours, ...autogradBehaviours, ...moduleBehaviours, ...dataBehaviours };

describe("the behaviours of the surface", () => {
  it("each have a test, or wait for something that is named", () => {
    const known = [...Object.keys(written), ...Object.keys(waiting)];
    expect(known.toSorted()).toEqual(behaviours.map(({ id }) => id).toSorted());
    expect(behaviours.length).toBe(41);
  });

  for (const { id, behaviour } of behaviours) {
    const test = written[id];
    if (test === undefined) console.warn(`\n*** NO TEST YET: ${id}: ${waiting[id]} ***`);
    // oxlint-disable-next-line vitest/expect-expect -- the tests stand in behaviours/
    else it(`${id}: ${behaviour.then}`, test);
  }
});
