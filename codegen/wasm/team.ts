/**
 * How threads share the parts of a kernel, in instructions on one block of shared memory, `team`.
 *
 * The thread that runs a program is alone in doing so. For a kernel in parts it posts a job: which function of which
 * module, and on which table; then the job's word, with its serial number and the range of parts that nobody has taken.
 * Whoever takes a part changes the word: the poster from the low end, so that its parts stay the same from kernel to
 * kernel, helpers from the high end. The poster goes on when all parts are done. So it waits for no thread that has
 * taken nothing, and a job that nobody helps with costs little more than the kernel.
 *
 * A word with parts left belongs to a job that its poster has not finished, so what was read beside it holds if taking
 * a part by compare-and-exchange succeeds. Helpers watch the word for a while, then sleep. Waking them takes the poster
 * microseconds: it does so when much has been done without them, and more seldom when they came for nothing.
 */
import type { Code, FunctionRef } from "./code.ts";
import { type FunctionBuilder, FunctionPool, ModuleBuilder } from "./module-builder.ts";

/** Addresses of the fields of the block, which lies below every buffer; those that threads write often, apart. */
export const team = {
  /** i64: the job's serial number (32 bits), then the first part that is left and the one behind the last (16 each). */
  word: 1024,
  /** Parts of the job that are not done. */
  pending: 1088,
  /** 1 while the poster sleeps until `pending` is 0. */
  posterSleeps: 1092,
  /** The job: its module's number and where the host has laid that out, its step, and its table. */
  module: 1152,
  record: 1156,
  step: 1160,
  table: 1164,
  /** Of the poster: instructions of the jobs done without those who sleep, since it last woke them; how many it waits for; and `helped` then. */
  missed: 1168,
  wakeFrom: 1172,
  helpedBefore: 1176,
  /** How many threads shall help, set by the host; how many of them sleep or start; whether the poster may sleep. */
  helpers: 1216,
  asleep: 1220,
  posterMaySleep: 1224,
  /** How many helpers have started, and how many parts they have done. */
  up: 1228,
  helped: 1232,
  end: 1280,
} as const;

/** The largest memory that a module may share, in pages: 4 GiB. */
export const sharedPages = 65536;

/** Turns of watching a word before sleeping: some tens of microseconds. */
const watchTurns = 30_000;
const forever = -1n;

/** Functions of one module by which it runs kernels in parts. */
export interface TeamFunctions {
  /** (table, step, thread, first part, part behind the last): does these parts. To be written by the caller. */
  readonly work: FunctionBuilder;
  /** (table, step, parts, instructions): does all parts, with whatever help there is. */
  readonly post: FunctionRef;
}

/** `wakeFrom`: instructions that are worth waking threads for. */
export function addTeamFunctions(pool: FunctionPool, wakeFrom: number): TeamFunctions {
  const work = pool.createFunction(["i32", "i32", "i32", "i32", "i32"], []);
  const post = pool.createFunction(["i32", "i32", "i32", "i32"], []);
  writePost(post, work, wakeFrom);
  return { work, post };
}

function writePost(fn: FunctionBuilder, work: FunctionRef, wakeFrom: number): void {
  const [table, step, parts, instructions] = [0, 1, 2, 3];
  const [word, mine, wakes] = [fn.local("i64"), fn.local("i32"), fn.local("i32")];
  const { body } = fn;
  const call = (writeParts: () => void): void => {
    body.get(table).get(step).i32(0);
    writeParts();
    body.call(work);
  };

  // Alone: there is nothing to share, nobody helps, or all sleep and shall not be woken.
  body.get(parts).i32(2).op("i32.lt_s").open("if");
  call(() => body.i32(0).get(parts));
  body.op("return").op("end");
  body.i32(0).atomic("i32.atomic.load", 4, team.asleep).open("if");
  writeMissed(fn, { instructions, wakes }, wakeFrom);
  body.op("end");
  body.i32(0).atomic("i32.atomic.load", 4, team.helpers);
  body.i32(0).atomic("i32.atomic.load", 4, team.asleep).i32(0);
  body.get(wakes).op("i32.eqz").op("select").op("i32.sub");
  body.i32(0).op("i32.le_s").open("if");
  call(() => body.i32(0).get(parts));
  body.op("return").op("end");

  body.i32(0).get(step).memory("i32.store", team.step);
  body.i32(0).get(table).memory("i32.store", team.table);
  body.i32(0).get(parts).atomic("i32.atomic.store", 4, team.pending);
  // The next serial number, part 0 taken.
  body.i32(0);
  body.i32(0).atomic("i64.atomic.load", 8, team.word).i64(32n).op("i64.shr_u").i64(1n).op("i64.add");
  body.i64(32n).op("i64.shl").i64(0x10000n).op("i64.or").get(parts).op("i64.extend_i32_u").op("i64.or");
  body.atomic("i64.atomic.store", 8, team.word);
  body.get(wakes).open("if");
  writeWake(body, team.asleep, team.word);
  body.op("end");
  call(() => body.i32(0).i32(1));
  body.i32(1).set(mine);

  body.open("block").open("loop");
  body.i32(0).atomic("i64.atomic.load", 8, team.word).set(word);
  lowPart(body, word);
  highPart(body, word).op("i32.ge_u").branch("br_if", 1);
  takePart(body, word, () => body.i64(0x10000n).op("i64.add"));
  body.open("if");
  call(() => {
    lowPart(body, word);
    lowPart(body, word).i32(1).op("i32.add");
  });
  body.get(mine).i32(1).op("i32.add").set(mine).op("end");
  body.branch("br", 0).op("end").op("end");

  body.i32(0).get(mine).atomic("i32.atomic.rmw.sub", 4, team.pending).get(mine).op("i32.ne").open("if");
  writeWaitUntilDone(fn);
  body.op("end");
}

/** How many times as much work is waited for at most when threads were woken for nothing. */
const mostPatience = 64;

/** Counts a job that some sleep through; sets `wakes` to 1 when it is time to wake them. */
function writeMissed(
  fn: FunctionBuilder,
  { instructions, wakes }: { readonly instructions: number; readonly wakes: number },
  wakeFrom: number,
): void {
  const { body } = fn;
  const [missed, helped, wanted] = [fn.local("i32"), fn.local("i32"), fn.local("i32")];
  body.i32(0).memory("i32.load", team.missed).get(instructions).op("i32.add").set(missed);
  body.i32(0).memory("i32.load", team.wakeFrom).set(wanted);
  body.get(missed).get(wanted).op("i32.ge_s").tee(wakes).open("if");
  body.i32(0).set(missed);
  body.i32(0).atomic("i32.atomic.load", 4, team.helped).set(helped);
  // Twice as much up to a limit where nobody has helped since the last time.
  body.i32(0);
  body
    .get(wanted)
    .get(wanted)
    .i32(mostPatience * wakeFrom)
    .op("i32.lt_s")
    .op("i32.shl")
    .i32(wakeFrom);
  body.get(helped).i32(0).memory("i32.load", team.helpedBefore).op("i32.eq");
  body.get(wanted).i32(0).op("i32.gt_s").op("i32.and");
  body.op("select").memory("i32.store", team.wakeFrom);
  body.i32(0).get(helped).memory("i32.store", team.helpedBefore);
  body.op("end");
  body.i32(0).get(missed).memory("i32.store", team.missed);
}

/** Wakes whoever sleeps at `address`, when the count at `sleepers` is not 0. */
function writeWake(body: Code, sleepers: number, address: number): void {
  body.i32(0).atomic("i32.atomic.load", 4, sleepers).open("if");
  body.i32(0).i32(-1).atomic("memory.atomic.notify", 4, address).op("drop");
  body.op("end");
}

const lowPart = (body: Code, word: number): Code =>
  body.get(word).i64(16n).op("i64.shr_u").op("i32.wrap_i64").i32(0xffff).op("i32.and");
const highPart = (body: Code, word: number): Code => body.get(word).op("i32.wrap_i64").i32(0xffff).op("i32.and");

/** Leaves whether the word could be changed to what `change` makes of it. */
function takePart(body: Code, word: number, change: () => void): void {
  body.i32(0).get(word).get(word);
  change();
  body.atomic("i64.atomic.rmw.cmpxchg", 8, team.word).get(word).op("i64.eq");
}

/** Watches `pending`, then sleeps where this thread may. */
function writeWaitUntilDone(fn: FunctionBuilder): void {
  const { body } = fn;
  const [turns, left] = [fn.local("i32"), fn.local("i32")];
  body.open("block");
  body.i32(watchTurns).set(turns).open("loop");
  body.i32(0).atomic("i32.atomic.load", 4, team.pending).op("i32.eqz").branch("br_if", 1);
  body.get(turns).i32(1).op("i32.sub").tee(turns).branch("br_if", 0);
  body.i32(0).memory("i32.load", team.posterMaySleep).op("i32.eqz").branch("br_if", 0);
  body.op("end");
  body.i32(0).i32(1).atomic("i32.atomic.store", 4, team.posterSleeps);
  body.open("block").open("loop");
  body.i32(0).atomic("i32.atomic.load", 4, team.pending).tee(left).op("i32.eqz").branch("br_if", 1);
  body.i32(0).get(left).i64(forever).atomic("memory.atomic.wait32", 4, team.pending).op("drop");
  body.branch("br", 0).op("end").op("end");
  body.i32(0).i32(0).atomic("i32.atomic.store", 4, team.posterSleeps);
  body.op("end");
}

/**
 * The module by which a helper finds work: `next(module, thread)` returns a part taken of a job of this module, or -1 when
 * the job is another module's; `done()` says that the part is done. Threads are numbered from 1; one whose number is
 * larger than that of the helpers wanted sleeps.
 */
export function emitHelperModule(hostModule: string): Uint8Array<ArrayBuffer> {
  const pool = new FunctionPool();
  const module = new ModuleBuilder();
  module.importMemory({ module: hostModule, name: "memory", minimumPages: 0, maximumPages: sharedPages, shared: true });
  const next = pool.createFunction(["i32", "i32"], ["i32"]);
  writeNext(next);
  module.exportFunction("next", next);
  const done = pool.createFunction([], []);
  done.body.i32(0).i32(1).atomic("i32.atomic.rmw.add", 4, team.helped).op("drop");
  done.body.i32(0).i32(1).atomic("i32.atomic.rmw.sub", 4, team.pending).i32(1).op("i32.eq").open("if");
  writeWake(done.body, team.posterSleeps, team.pending);
  done.body.op("end");
  module.exportFunction("done", done);
  return module.build();
}

function writeNext(fn: FunctionBuilder): void {
  const [known, thread] = [0, 1];
  const [word, turns] = [fn.local("i64"), fn.local("i32")];
  const { body } = fn;
  body.i32(watchTurns).set(turns).open("loop");
  body.i32(0).atomic("i64.atomic.load", 8, team.word).set(word);
  body.get(thread).i32(0).atomic("i32.atomic.load", 4, team.helpers).op("i32.gt_s").open("if");
  body.i32(0).get(word).i64(forever).atomic("memory.atomic.wait64", 8, team.word).op("drop");
  body.branch("br", 1).op("end");

  lowPart(body, word);
  highPart(body, word).op("i32.lt_u").open("if");
  body.i32(0).atomic("i32.atomic.load", 4, team.module).get(known).op("i32.ne").open("if");
  body.i32(-1).op("return").op("end");
  takePart(body, word, () => body.i64(1n).op("i64.sub"));
  body.open("if");
  highPart(body, word).i32(1).op("i32.sub").op("return");
  body.op("end").branch("br", 1).op("end");

  body.get(turns).i32(1).op("i32.sub").tee(turns).branch("br_if", 0);
  body.i32(0).i32(1).atomic("i32.atomic.rmw.add", 4, team.asleep).op("drop");
  body.i32(0).get(word).i64(forever).atomic("memory.atomic.wait64", 8, team.word).op("drop");
  body.i32(0).i32(1).atomic("i32.atomic.rmw.sub", 4, team.asleep).op("drop");
  body.i32(watchTurns).set(turns).branch("br", 0).op("end");
  body.op("unreachable");
}
