/**
 * What a refusal must be: an error of the class that corresponds to PyTorch's, whose message holds PyTorch's key phrase.
 *
 * The cases were recorded with 1.13 and the library follows 2.13: where the two word a refusal differently, `REWORDED`
 * holds what 2.13 says.
 */
import type { RecordedError } from "./format.ts";
import { isCrash, messageOf } from "./not-implemented.ts";

/** The library's classes for each of PyTorch's, which has one for sizes, types, devices and gradients. */
const CLASSES: Record<string, RegExp | undefined> = {
  AssertionError: /^(Argument|Shape|DType|Value)Error$/,
  // Of what is no tensor, where PyTorch does not look before it asks for its sizes.
  AttributeError: /^ArgumentError$/,
  GradcheckError: /^GradcheckError$/,
  IndexError: /^IndexError$/,
  // What no kernel is for, or no derivative.
  NotImplementedError: /^(Argument|DType|NotImplemented|Shape|Value)Error$/,
  RuntimeError: /^(Argument|Autograd|Device|DType|Index|LinAlg|Shape|Value)Error$/,
  // In Python a method refuses an argument of the wrong kind, or what is no sequence, by its type.
  TypeError: /^(Argument|DType|Read)Error$/,
  // In Python a window of integers is a wrong value.
  ValueError: /^(Argument|DType|Shape|Value)Error$/,
  _LinAlgError: /^LinAlgError$/,
};

/** What PyTorch calls RuntimeError whatever it is about: told apart by its words. */
const SUBJECTS: readonly [RegExp, RegExp][] = [
  [/modified by an inplace operation|require grad|a second time/, /^AutogradError$/],
  // A type that is only told is not the subject.
  [/not implemented for '|scalar type|(?<!for input |infer )dtype/, /^DTypeError$/],
  [/must match the size of tensor|shapes? cannot be multiplied|must match the existing size/, /^ShapeError$/],
  [/is out of bounds for dimension/, /^IndexError$/],
];

/** What 2.13 says, and what JavaScript can, by what the case has recorded. */
const REWORDED: readonly [RegExp, RegExp][] = [
  [/half of kernel size/, /pad should be at most half of effective kernel size/],
  [/masked_select\(\) got|index_select\(\) received|gather\(\) received|take\(\) got|bernoulli\(\) received/, /'out'/],
  [/^cat\(\) received/, /cat\(\): argument 'tensors' \(position 1\) must be tuple of Tensors, not Tensor/],
  [/^max_pool1d\(\) Invalid computed output size/, /Invalid computed output size: -\d/],
  [/checking arguments for embedding/, /'indices' to have one of the following scalar types: Long, Int; but got/],
  [/^abc is not valid$/, /abc is not a valid value for reduction/],
  [/^matrix or a vector expected$/, /diag\(\): Supports 1D or 2D tensors\. Got [03]D/],
  [/^stride should not be zero$/, /(stride|kernel_size|kernel size) (must|should) (be greater than zero|not be zero)/],
  [/^dilation should be greater than zero/, /dilation (must|should) be greater than zero, but got/],
  [/^lambda must be greater/, /lambda must be in range \[0, 3\.40282e\+38\] for input dtype Float, but found -0\.5/],
  [/^torch\.ormqr: tau\.shape/, /torch\.ormqr: tau\.shape\[-1\] must be equal to min\(other\.shape\[-2\]/],
  [/^"argmax_cpu" not implemented/, /argmax\(\): does not support bool input/],
  [
    /^norm\(\): input dtype/,
    /Expected a floating point or complex tensor as input\. Got (Bool|Byte|Char|Short|Int|Long)/,
  ],
  [
    /^Shape mismatch: objects cannot be/,
    /Attempting to broadcast a dimension of length \d+ at -\d! Mismatching argument/,
  ],
  [/^negative_slope True/, /negative_slope true not a valid number/],
  [/^len\(\) of a 0-d tensor$/, /iteration over a 0-d tensor/],
  [/^[oO]nly Tensors of floating point/, /only Tensors of floating point and complex dtype can require gradients/],
  [/^'(str|int|NoneType)' object has no attribute/, /must be Tensor, not (str|int|NoneType)/],
  [/^size mismatch, got 2, 2x3,4$/, /size mismatch, got input \(2\), mat \(2x3\), vec \(4\)/],
];

const literally = (text: string): RegExp => new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));

/** The words that make PyTorch's message known: without the kernel's name, and without what Python calls a type. */
function keyPhrase({ message, regex }: RecordedError): RegExp {
  const newer = REWORDED.find(([recorded]) => recorded.test(message));
  if (newer !== undefined) return newer[1];
  if (regex !== undefined && regex !== null && regex !== "") return new RegExp(regex);
  const said = message.split("\n")[0]!;
  const known =
    /not implemented for '\w+'$/.exec(said) ??
    /received an invalid combination of arguments/.exec(said) ??
    // Counted from the tensor itself where it is a method's.
    /argument '\w+' \(position /.exec(said);
  // Its first sentence, without what is told of this very call.
  return literally(known?.[0] ?? said.split(/\. |\.$|: \[| \((?:or|at least) /)[0]!);
}

/** null when an error is what a case has recorded, else what is wrong with it. */
export function misrefusal(error: unknown, recorded: RecordedError): string | null {
  const message = messageOf(error);
  if (isCrash(error)) return `crashed where it should refuse: ${message}`;
  const name = error instanceof Error ? error.name : typeof error;
  const wanted =
    (/^(Runtime|NotImplemented)Error$/.test(recorded.type)
      ? SUBJECTS.find(([words]) => words.test(recorded.message))?.[1]
      : undefined) ?? CLASSES[recorded.type];
  if (wanted === undefined) return `no class corresponds to ${recorded.type}`;
  if (!wanted.test(name)) return `${name} where PyTorch has ${recorded.type} (${recorded.message.slice(0, 80)})`;
  const phrase = keyPhrase(recorded);
  return phrase.test(message) ? null : `"${message.split("\n")[0]}" has no ${phrase}`;
}
