/** ONNX models as bytes: as much of the format as the bench's work needs. https://onnx.ai/onnx/repo-docs/IR.html */
import { countOf, valuesOf, type Generated } from "../peer.ts";

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
  /** Attributes that are floats, whatever their value. */
  readonly floats?: Readonly<Record<string, number>>;
}
export interface OnnxModel {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly weights: Readonly<Record<string, Generated | Constant>>;
  readonly nodes: readonly OnnxNode[];
}
export interface Constant {
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

const irVersion = 10;
const operatorSet = 21;
const float = 1;
const int64 = 7;
const attributeFloat = 1;
const attributeInt = 2;
const attributeInts = 7;

/** A protobuf message that is being written. */
class Message {
  private readonly parts: Uint8Array[] = [];

  integer(field: number, value: number): this {
    return this.raw([...varint(field << 3), ...varint(value)]);
  }
  float(field: number, value: number): this {
    return this.raw([...varint((field << 3) | 5), ...new Uint8Array(new Float32Array([value]).buffer)]);
  }
  bytes(field: number, value: Uint8Array): this {
    this.raw([...varint((field << 3) | 2), ...varint(value.length)]);
    this.parts.push(value);
    return this;
  }
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }
  message(field: number, value: Message): this {
    return this.bytes(field, value.build());
  }
  build(): Uint8Array {
    const result = new Uint8Array(this.parts.reduce((total, part) => total + part.length, 0));
    let at = 0;
    for (const part of this.parts) {
      result.set(part, at);
      at += part.length;
    }
    return result;
  }
  private raw(bytes: readonly number[]): this {
    this.parts.push(Uint8Array.from(bytes));
    return this;
  }
}

/** Negative numbers are written as 64 bits. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}

function tensorType(name: string, shape: readonly number[]): Message {
  const sizes = new Message();
  for (const size of shape) sizes.message(1, new Message().integer(1, size));
  const type = new Message().integer(1, float).message(2, sizes);
  return new Message().text(1, name).message(2, new Message().message(1, type));
}

function tensor(name: string, given: Generated | Constant): Message {
  const values = "values" in given ? given.values : valuesOf(given);
  if (values.length !== countOf(given.shape)) throw new RangeError(`${name}: ${values.length} values do not fill it`);
  const message = new Message();
  for (const size of given.shape) message.integer(1, size);
  message.integer(2, values instanceof Float32Array ? float : int64).text(8, name);
  return message.bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function node({ operator, inputs, output, attributes = {}, floats = {} }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  message.text(2, output).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) {
    const attribute = new Message().text(1, name);
    if (typeof value === "number") attribute.integer(3, value).integer(20, attributeInt);
    else {
      for (const item of value) attribute.integer(8, item);
      attribute.integer(20, attributeInts);
    }
    message.message(5, attribute);
  }
  for (const [name, value] of Object.entries(floats))
    message.message(5, new Message().text(1, name).float(2, value).integer(20, attributeFloat));
  return message;
}

export function onnxModel({ inputs, outputs, weights, nodes }: OnnxModel): Uint8Array {
  const graph = new Message();
  for (const each of nodes) graph.message(1, node(each));
  graph.text(2, "bench");
  for (const [name, given] of Object.entries(weights)) graph.message(5, tensor(name, given));
  for (const [name, shape] of Object.entries(inputs)) graph.message(11, tensorType(name, shape));
  for (const [name, shape] of Object.entries(outputs)) graph.message(12, tensorType(name, shape));
  const operators = new Message().text(1, "").integer(2, operatorSet);
  return new Message().integer(1, irVersion).message(7, graph).message(8, operators).build();
}
