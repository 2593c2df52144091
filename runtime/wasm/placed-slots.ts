/** The slots of a program by where their memory comes from, with their positions in the program's table. */
import { ArgumentError } from "../../ir/errors.ts";
import type { Program, Slot } from "../../ir/program.ts";

/** An input or an output: `index` is its place among those of a run. */
export interface PlacedSlot {
  readonly position: number;
  readonly index: number;
  readonly bytes: number;
}

/** An output over the memory of an input. */
export interface DonatedSlot {
  readonly position: number;
  readonly index: number;
  /** Of that input, its position and its place among a run's. */
  readonly from: number;
  readonly input: number;
}

/** At an offset in the arena. */
export interface TemporarySlot {
  readonly position: number;
  readonly offset: number;
}

export interface PlacedSlots {
  readonly inputs: readonly PlacedSlot[];
  readonly outputs: readonly PlacedSlot[];
  readonly donated: readonly DonatedSlot[];
  readonly temporaries: readonly TemporarySlot[];
  /** By slot id. */
  readonly positions: ReadonlyMap<number, number>;
}

/** @throws ArgumentError when an output overwrites what is no input */
export function placeSlots({ name, slots }: Program): PlacedSlots {
  const inputs: PlacedSlot[] = [];
  const outputs: PlacedSlot[] = [];
  const donated: DonatedSlot[] = [];
  const temporaries: TemporarySlot[] = [];
  const positions = new Map(slots.map(({ id }, position) => [id, position]));
  const inputOf = (id: number): { from: number; input: number } => {
    const from = positions.get(id);
    const place: Slot["place"] | undefined = from === undefined ? undefined : slots[from]!.place;
    if (from === undefined || place?.kind !== "input")
      throw new ArgumentError("executable/donated", `${name}: slot ${id} is not an input`);
    return { from, input: place.index };
  };
  slots.forEach(({ place, bytes }, position) => {
    switch (place.kind) {
      case "input":
        inputs.push({ position, index: place.index, bytes });
        break;
      case "output":
        outputs.push({ position, index: place.index, bytes });
        break;
      case "donated":
        donated.push({ position, index: place.index, ...inputOf(place.of) });
        break;
      case "temporary":
        temporaries.push({ position, offset: place.offset });
        break;
      case "slice": // placed by its loop
    }
  });
  return { inputs, outputs, donated, temporaries, positions };
}
