/**
 * The pickle machine, protocols 2 to 5. It can build containers, look names up in the table it was given and call what
 * that table returned; it has no way to reach anything else, so a hostile file can fail but not run code.
 */
import type { ByteReader } from "./byte-reader.ts";
import { signedInteger } from "./byte-reader.ts";
import { serializationErrors } from "./errors.ts";
import { opcodeName, opcodes as op } from "./pickle-opcodes.ts";
import { asString, isBuildable, PyCallable, PyClass, PyDict, PySet, PyTuple } from "./python-values.ts";
import { PythonObject } from "./values.ts";

export interface PickleEnvironment {
  /** The value of `module.name`; throws for names that are not allowed. */
  resolveGlobal(module: string, name: string): unknown;
  /** Storages: what the pickle refers to and does not contain. */
  persistentLoad(id: unknown): unknown;
}

const corrupt = serializationErrors.corrupt;

/** Executes one pickle and leaves the reader just behind its STOP. */
export function unpickle(reader: ByteReader, environment: PickleEnvironment): unknown {
  return new PickleMachine(reader, environment).run();
}

class PickleMachine {
  readonly #reader: ByteReader;
  readonly #environment: PickleEnvironment;
  #stack: unknown[] = [];
  /** The stacks below each MARK. */
  readonly #below: unknown[][] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(reader: ByteReader, environment: PickleEnvironment) {
    this.#reader = reader;
    this.#environment = environment;
  }

  run(): unknown {
    for (;;) {
      const code = this.#reader.uint8();
      if (code === op.STOP) return this.#pop();
      if (!this.#literal(code) && !this.#container(code) && !this.#reference(code)) {
        throw serializationErrors.unsupported(
          `the pickle opcode ${opcodeName(code)} at byte ${this.#reader.offset - 1}`,
          "Protocols 2 to 5 are read; save the file again with torch.save.",
        );
      }
    }
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw corrupt("the pickle takes a value from an empty stack");
    return this.#stack.pop();
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw corrupt("the pickle looks at an empty stack");
    return this.#stack[this.#stack.length - 1];
  }

  #popMark(): unknown[] {
    const below = this.#below.pop();
    if (below === undefined) throw corrupt("the pickle closes a group that it never opened");
    const items = this.#stack;
    this.#stack = below;
    return items;
  }

  #popTuple(count: number): PyTuple {
    const items: unknown[] = [];
    for (let i = 0; i < count; i++) items.unshift(this.#pop());
    return new PyTuple(items);
  }

  /** Opcodes that push a value which stands in the pickle itself. */
  #literal(code: number): boolean {
    const reader = this.#reader;
    const push = (value: unknown): true => (this.#stack.push(value), true);
    switch (code) {
      case op.NONE:
        return push(null);
      case op.NEWTRUE:
        return push(true);
      case op.NEWFALSE:
        return push(false);
      case op.BININT1:
        return push(reader.uint8());
      case op.BININT2:
        return push(reader.uint16());
      case op.BININT:
        return push(reader.int32());
      case op.LONG1:
        return push(this.#long(reader.uint8()));
      case op.LONG4:
        return push(this.#long(reader.uint32()));
      case op.BINFLOAT:
        return push(reader.float64BigEndian());
      case op.SHORT_BINUNICODE:
        return push(reader.text(reader.uint8()));
      case op.BINUNICODE:
        return push(reader.text(reader.uint32()));
      case op.BINUNICODE8:
        return push(reader.text(reader.uint64()));
      case op.SHORT_BINSTRING:
        return push(this.#oldString(reader.uint8()));
      case op.BINSTRING:
        return push(this.#oldString(reader.uint32()));
      case op.SHORT_BINBYTES:
        return push(reader.bytes(reader.uint8(), "a bytes value"));
      case op.BINBYTES:
        return push(reader.bytes(reader.uint32(), "a bytes value"));
      case op.BINBYTES8:
      case op.BYTEARRAY8:
        return push(reader.bytes(reader.uint64(), "a bytes value"));
      default:
        return false;
    }
  }

  #long(byteCount: number): number | bigint {
    const value = signedInteger(this.#reader.bytes(byteCount, "a number"));
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  /** Python 2's str may be text or raw bytes. */
  #oldString(byteCount: number): string | Uint8Array {
    const bytes = this.#reader.bytes(byteCount, "a string");
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return bytes;
    }
  }

  #container(code: number): boolean {
    const push = (value: unknown): true => (this.#stack.push(value), true);
    switch (code) {
      case op.MARK:
        this.#below.push(this.#stack);
        this.#stack = [];
        return true;
      case op.EMPTY_LIST:
        return push([]);
      case op.LIST:
        return push(this.#popMark());
      case op.APPEND:
        return this.#extend([this.#pop()]);
      case op.APPENDS:
      case op.ADDITEMS:
        return this.#extend(this.#popMark());
      case op.EMPTY_TUPLE:
        return push(new PyTuple([]));
      case op.TUPLE:
        return push(new PyTuple(this.#popMark()));
      case op.TUPLE1:
        return push(this.#popTuple(1));
      case op.TUPLE2:
        return push(this.#popTuple(2));
      case op.TUPLE3:
        return push(this.#popTuple(3));
      case op.EMPTY_DICT:
        return push(new PyDict());
      case op.DICT: {
        const items = this.#popMark();
        push(new PyDict());
        return this.#setItems(items);
      }
      case op.SETITEM: {
        const { items } = this.#popTuple(2);
        return this.#setItems(items);
      }
      case op.SETITEMS:
        return this.#setItems(this.#popMark());
      case op.EMPTY_SET:
        return push(new PySet([]));
      case op.FROZENSET:
        return push(new PySet(this.#popMark()));
      default:
        return false;
    }
  }

  #extend(items: readonly unknown[]): true {
    const target = this.#top();
    const list = target instanceof PySet ? target.items : target instanceof PythonObject ? target.elements : target;
    if (!Array.isArray(list)) throw corrupt("the pickle appends to what is no list or set");
    for (const item of items) list.push(item);
    return true;
  }

  #setItems(items: readonly unknown[]): true {
    const top = this.#top();
    const target = top instanceof PythonObject ? top.entries : top;
    if (!(target instanceof Map)) throw corrupt("the pickle sets an item of what is no dict");
    if (items.length % 2 !== 0) throw corrupt("the pickle sets a dict's key without a value");
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
    return true;
  }

  /** Names, calls, the memo, and the frame of the pickle. */
  #reference(code: number): boolean {
    const reader = this.#reader;
    const push = (value: unknown): true => (this.#stack.push(value), true);
    switch (code) {
      case op.PROTO: {
        const protocol = reader.uint8();
        if (protocol > 5) throw serializationErrors.unsupported(`pickle protocol ${protocol}`);
        return true;
      }
      case op.FRAME:
        reader.uint64();
        return true;
      case op.POP:
        this.#pop();
        return true;
      case op.POP_MARK:
        this.#popMark();
        return true;
      case op.DUP:
        return push(this.#top());
      case op.GLOBAL: {
        const module = reader.line();
        return push(this.#environment.resolveGlobal(module, reader.line()));
      }
      case op.STACK_GLOBAL: {
        const [module, name] = this.#popTuple(2).items;
        return push(this.#environment.resolveGlobal(asString(module, "a module"), asString(name, "a name")));
      }
      case op.BINPERSID:
        return push(this.#environment.persistentLoad(this.#pop()));
      case op.REDUCE:
      case op.NEWOBJ: {
        const [callable, args] = this.#popTuple(2).items;
        return push(this.#call(callable, args));
      }
      case op.NEWOBJ_EX: {
        const [callable, args, keywords] = this.#popTuple(3).items;
        if (!(keywords instanceof PyDict) || keywords.size > 0) {
          throw serializationErrors.unsupported("an object that is created with keyword arguments");
        }
        return push(this.#call(callable, args));
      }
      case op.BUILD:
        this.#build(this.#pop());
        return true;
      case op.BINPUT:
        this.#memo.set(reader.uint8(), this.#top());
        return true;
      case op.LONG_BINPUT:
        this.#memo.set(reader.uint32(), this.#top());
        return true;
      case op.MEMOIZE:
        this.#memo.set(this.#memo.size, this.#top());
        return true;
      case op.BINGET:
        return push(this.#recall(reader.uint8()));
      case op.LONG_BINGET:
        return push(this.#recall(reader.uint32()));
      default:
        return false;
    }
  }

  #call(callable: unknown, args: unknown): unknown {
    if (!(args instanceof PyTuple)) throw corrupt("the pickle calls something without a tuple of arguments");
    if (callable instanceof PyCallable) return callable.call(args.items);
    if (callable instanceof PyClass) return new PythonObject(callable.name, args.items);
    throw corrupt("the pickle calls what is no function or class");
  }

  #build(state: unknown): void {
    const target = this.#top();
    if (isBuildable(target)) target.build(state);
    else if (target instanceof PythonObject) target.state = state;
    else if (target instanceof PyDict && state instanceof PyDict) target.attributes = state;
    else throw corrupt("the pickle sets the state of a value that has none");
  }

  #recall(index: number): unknown {
    if (!this.#memo.has(index)) throw corrupt(`the pickle recalls entry ${index} of its memo, which was never stored`);
    return this.#memo.get(index);
  }
}
