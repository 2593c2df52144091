/** What is wrong with a file or with a value that cannot be saved: one typed function for each code. */
import { SerializationError } from "../../ir/errors.ts";

const fail = (code: string, message: string, cure?: string): SerializationError =>
  new SerializationError(`serialization/${code}`, message, cure);

const shorten = (path: string): string => (path.length <= 60 ? path : `${path.slice(0, 60)}...`);

export const serializationErrors = {
  truncated: (what: string, needed: number, available: number) =>
    fail("truncated", `the file ends too early: ${what} needs ${needed} bytes, ${available} are left.`),
  notACheckpoint: (found: string) => fail("not-a-checkpoint", `this is no file that torch.save writes: it ${found}.`),
  corrupt: (what: string) => fail("corrupt", `the file is damaged: ${what}.`),
  unsupported: (what: string, cure?: string) => fail("unsupported", `${what} cannot be read here.`, cure),
  forbiddenGlobal: (name: string) =>
    fail(
      "forbidden-global",
      `the file refers to ${name}, which is not among the names that a checkpoint may use; nothing was executed.`,
      "Save a state_dict instead, or load unknown classes as plain objects with { weights_only: false }.",
    ),
  badStorage: (key: string, what: string) => fail("bad-storage", `storage ${key}: ${what}.`),
  cannotSave: (path: string, what: string, cure?: string) => fail("cannot-save", `${path} is ${what}.`, cure),
  tooDeep: (path: string, limit: number) =>
    fail("too-deep", `${shorten(path)} is nested more than ${limit} levels deep.`),
  tooLarge: (bytes: number) =>
    fail("too-large", `the archive would take ${bytes} bytes; a zip file without extensions ends at 4 GiB.`),
  badSafetensors: (what: string) => fail("bad-safetensors", `not a valid safetensors file: ${what}.`),
};
