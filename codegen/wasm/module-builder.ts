/**
 * Assembles a WebAssembly module in the binary format: types, imported memory and functions, functions, exports. What
 * its exports reach is part of a module. Functions may be called before they are written; they are numbered when
 * `build` runs. They belong to a pool, of which several modules can be made.
 */
import { Code, type FunctionRef, type ValueType, valueTypeBytes } from "./code.ts";

/** A function being written. Parameters are the first locals. `prologue` runs before `body`. */
export class FunctionBuilder implements FunctionRef {
  readonly id: number;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly prologue = new Code();
  readonly body = new Code();
  private readonly locals: ValueType[] = [];
  private readonly constants = new Map<string, number>();

  constructor(id: number, params: readonly ValueType[], results: readonly ValueType[]) {
    this.id = id;
    this.params = params;
    this.results = results;
  }

  local(type: ValueType): number {
    return this.params.length + this.locals.push(type) - 1;
  }

  /** A local that holds a constant from the start of the function: V8 would reload a `v128.const` in every turn. */
  constant(key: string, type: ValueType, write: (code: Code) => void): number {
    const known = this.constants.get(key);
    if (known !== undefined) return known;
    const local = this.local(type);
    this.constants.set(key, local);
    write(this.prologue);
    this.prologue.set(local);
    return local;
  }

  /** A local that holds a vector constant, given as its lanes. */
  vectorConstant(lanes: ArrayBufferView<ArrayBuffer>): number {
    const bytes = new Uint8Array(lanes.buffer, lanes.byteOffset, 16);
    return this.constant(`v128 ${bytes.join()}`, "v128", (code) => code.v128(bytes));
  }

  /** A local that holds a float constant. */
  floatConstant(type: "f32" | "f64", value: number): number {
    const key = `${type} ${Object.is(value, -0) ? "-0" : String(value)}`;
    return this.constant(key, type, (code) => code[type](value));
  }

  encode(numberOf: (target: FunctionRef) => number): readonly number[] {
    const code = new Code();
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    code.unsigned(runs.length);
    for (const { type, count } of runs) code.unsigned(count).byte(valueTypeBytes[type]);
    return code.append(this.prologue).append(this.body).op("end").resolve(numberOf);
  }
}

export interface MemoryImport {
  readonly module: string;
  readonly name: string;
  readonly minimumPages: number;
  /** Required of a shared memory. */
  readonly maximumPages?: number;
  readonly shared?: boolean;
}

class FunctionImport implements FunctionRef {
  readonly id: number;
  readonly module: string;
  readonly name: string;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];

  constructor(id: number, module: string, name: string, params: readonly ValueType[], results: readonly ValueType[]) {
    this.id = id;
    this.module = module;
    this.name = name;
    this.params = params;
    this.results = results;
  }
}

/** Section numbers of the binary format. */
const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;

/** Functions that may call each other. */
export class FunctionPool {
  private readonly shared = new Map<string, FunctionRef>();
  private nextId = 0;

  createFunction(params: readonly ValueType[], results: readonly ValueType[]): FunctionBuilder {
    return new FunctionBuilder(this.nextId++, params, results);
  }

  /** Imports a function once per name. */
  importFunction(
    module: string,
    name: string,
    params: readonly ValueType[],
    results: readonly ValueType[],
  ): FunctionRef {
    return this.once(
      `import ${module}.${name}`,
      () => new FunctionImport(this.nextId++, module, name, params, results),
    );
  }

  /** The function kept under `key`, made at the first request. */
  once(key: string, make: () => FunctionRef): FunctionRef {
    let found = this.shared.get(key);
    if (found === undefined) this.shared.set(key, (found = make()));
    return found;
  }
}

/** Functions, and all that they may call. */
function reached(from: readonly FunctionRef[]): Set<FunctionRef> {
  const found = new Set(from);
  for (const fn of found) {
    if (!(fn instanceof FunctionBuilder)) continue;
    for (const callee of [...fn.prologue.callees, ...fn.body.callees]) found.add(callee);
  }
  return found;
}

/** Names of the functions imported from `module` that a function may call, itself or through others. */
export const importsOf = (fn: FunctionRef, module: string): string[] =>
  [...reached([fn])].flatMap((callee) =>
    callee instanceof FunctionImport && callee.module === module ? [callee.name] : [],
  );

export class ModuleBuilder {
  private readonly memories: MemoryImport[] = [];
  private readonly exports: { name: string; target: FunctionRef }[] = [];

  importMemory(memory: MemoryImport): void {
    this.memories.push(memory);
  }

  exportFunction(name: string, target: FunctionRef): void {
    this.exports.push({ name, target });
  }

  /** Names of the functions that the exports need from `module`. */
  importedNames(module: string): string[] {
    return [...new Set(this.exports.flatMap(({ target }) => importsOf(target, module)))];
  }

  build(): Uint8Array<ArrayBuffer> {
    const all = [...reached(this.exports.map(({ target }) => target))];
    const imports = all.filter((fn) => fn instanceof FunctionImport);
    const functions = all.filter((fn) => fn instanceof FunctionBuilder);
    const numbers = new Map<FunctionRef, number>();
    for (const entry of [...imports, ...functions]) numbers.set(entry, numbers.size);
    const numberOf = (target: FunctionRef): number => numbers.get(target)!;

    const typeNumbers = new Map<string, number>();
    const types: Code[] = [];
    const typeOf = ({ params, results }: Pick<FunctionBuilder, "params" | "results">): number => {
      const key = `${params.join()}>${results.join()}`;
      let found = typeNumbers.get(key);
      if (found === undefined) {
        found = typeNumbers.size;
        typeNumbers.set(key, found);
        const code = new Code().byte(0x60);
        for (const list of [params, results]) {
          code.unsigned(list.length);
          for (const type of list) code.byte(valueTypeBytes[type]);
        }
        types.push(code);
      }
      return found;
    };

    const importEntries = [
      ...this.memories.map(memoryImport),
      ...imports.map((entry) => name(name(new Code(), entry.module), entry.name).byte(0).unsigned(typeOf(entry))),
    ];
    const functionEntries = functions.map((fn) => new Code().unsigned(typeOf(fn)));
    const exportEntries = this.exports.map((entry) =>
      name(new Code(), entry.name).byte(0).unsigned(numberOf(entry.target)),
    );
    const codeEntries = functions.flatMap((fn) => {
      const code = fn.encode(numberOf);
      return [new Code().unsigned(code.length).written, code];
    });

    return joined([
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(sections.type, types),
      ...section(sections.import, importEntries),
      ...section(sections.function, functionEntries),
      ...section(sections.export, exportEntries),
      ...sectionOf(sections.code, functions.length, codeEntries),
    ]);
  }
}

function memoryImport({ module, name: field, minimumPages, maximumPages, shared }: MemoryImport): Code {
  const code = name(name(new Code(), module), field).byte(2);
  code.byte((maximumPages === undefined ? 0 : 1) | (shared === true ? 2 : 0)).unsigned(minimumPages);
  return maximumPages === undefined ? code : code.unsigned(maximumPages);
}

function name(code: Code, text: string): Code {
  const bytes = new TextEncoder().encode(text);
  return code.unsigned(bytes.length).bytes(bytes);
}

type Bytes = readonly number[];

const section = (id: number, entries: readonly Code[]): Bytes[] =>
  sectionOf(
    id,
    entries.length,
    entries.map(({ written }) => written),
  );

/** The pieces of a section with so many entries, or nothing. */
function sectionOf(id: number, count: number, content: readonly Bytes[]): Bytes[] {
  if (count === 0) return [];
  const length = content.reduce((total, piece) => total + piece.length, 0);
  const entries = new Code().unsigned(count).written;
  return [new Code().byte(id).unsigned(entries.length + length).written, entries, ...content];
}

function joined(pieces: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return bytes;
}
