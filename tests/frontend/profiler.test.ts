import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { optimizerOn, perceptron } from "../support/training-profile.ts";
import * as torch from "cresset";

const { profiler } = torch;
const here = "profiler.test.ts";

describe("torch.profiler", () => {
  test("counts the calls, operations and bytes of each kernel", () => {
    const a = torch.rand(64, 32);
    const b = torch.rand(32, 16);
    const prof = profiler.profile(() => {
      for (let i = 0; i < 3; i++) a.matmul(b).tolist();
    });
    expect([...prof.key_averages()]).toMatchObject([
      { key: "dot", count: 3, flops: 2 * 64 * 32 * 16, bytes: 4 * (64 * 32 + 32 * 16 + 64 * 16), stack: [] },
    ]);
    a.matmul(b).tolist();
    expect(prof.events()).toHaveLength(3);
  });

  test("names the user's lines with with_stack, also of what was compiled before", () => {
    const x = torch.arange(12).to(torch.float32).reshape(3, 4);
    const compute = (): unknown => x.exp().sum(0).tolist();
    const step = torch.compile((v: torch.Tensor) => v.mul(2).sin());
    const plain = [compute(), step(x).tolist()];
    const prof = profiler.profile({ with_stack: true }, () => {
      expect([compute(), step(x).tolist()]).toEqual(plain);
    });
    const lines = [...prof.key_averages()].map(({ stack }) => stack.map((site) => site.split("/").at(-1)!));
    expect(lines).toHaveLength(2);
    for (const [first] of lines) expect(first).toMatch(new RegExp(`^${here}:\\d+:\\d+$`));
    expect(lines[0]).not.toEqual(lines[1]);
    expect([...profiler.profile(compute).key_averages()][0]!.stack).toEqual([]);
  });

  test.each(["cpu", "cpu:js"])(
    "changes no result of training with indices, draws and updates in place on %s",
    (device) => {
      const losses = (watched: boolean): number[] => {
        torch.manual_seed(5);
        const model = perceptron(device);
        const optimizer = optimizerOn(model);
        const step = torch.compile((tokens: torch.Tensor) => {
          optimizer.zero_grad();
          const loss = model(tokens).square().mean();
          loss.backward();
          optimizer.step();
          return loss;
        });
        const tokens = torch.tensor([1n, 3n, 3n, 0n], { device });
        const run = (): number => Number(step(tokens).item());
        const first = [run(), run()];
        const prof = profiler.profile();
        if (!watched) prof.stop();
        const rest = [run(), run(), run()];
        prof.stop();
        expect(prof.events().length > 0).toBe(watched);
        return [...first, ...rest, run()];
      };
      const expected = losses(false);
      expect(losses(true)).toEqual(expected);
      expect(expected.at(-1)!).toBeLessThan(expected[0]!);
    },
  );

  test("prints rates, shares of what the machine can do, and the slowest first", () => {
    const big = torch.rand(256, 256);
    const prof = profiler.profile(() => {
      for (let i = 0; i < 5; i++) {
        big.matmul(big).tolist();
        torch.ones(2).add(1).tolist();
      }
    });
    const [header, first, ...rest] = prof.key_averages().table().split("\n");
    expect(header).toMatch(/kernel +calls +total ms +share +ms +GFLOP\/s +GB\/s +peak/);
    expect(first).toMatch(/^dot +5 .*%.* float32\[256, 256\]/);
    expect(rest.at(-1)).toMatch(/ms in all; of one thread: \d+\.\d GFLOP\/s, copying \d+\.\d GB\/s/);
    expect(prof.key_averages().table({ row_limit: 1 }).split("\n")).toHaveLength(3);
    const averages = prof.key_averages();
    expect(averages.table({ sort_by: "self_cpu_time_total" })).toBe(averages.table());
    expect(() => averages.table({ sort_by: "cuda_time" as "count" })).toThrow(/sort_by has to be one of/);
  });

  test.each(["cpu", "cpu:js"])("times each kernel of a loop's turns, on %s", (device) => {
    const x = torch.rand(32, 32, { device });
    const turns = torch.tensor(3, { device });
    const prof = profiler.profile(() => {
      const [, last] = torch.scan((h: torch.Tensor) => [h.matmul(x).tanh(), h.sum()], x, torch.zeros(7, { device }));
      last.tolist();
      const [, end] = torch.while_loop(
        (i: torch.Tensor) => i.lt(turns),
        (i: torch.Tensor, h: torch.Tensor) => [i.add(1), h.matmul(x)],
        [torch.tensor(0, { device }), x],
      );
      end.tolist();
    });
    const rows = new Map([...prof.key_averages()].map((row) => [row.key, row]));
    expect(rows.get("tanh")).toMatchObject({ count: 7 });
    expect(rows.get("tanh")!.flops).toBeGreaterThanOrEqual(2 * 32 ** 3);
    const operand = "float32[32, 32]";
    expect(rows.get("dot")).toMatchObject({ count: 3, flops: 2 * 32 ** 3, shapes: [operand, operand, operand] });
    expect([rows.has("loop"), rows.has("while")]).toEqual([false, false]);
    const events = prof.events().filter(({ name }) => name === "tanh");
    expect(events).toHaveLength(7);
    for (const [i, event] of events.slice(1).entries())
      expect(event.startMs).toBeGreaterThanOrEqual(events[i]!.startMs + events[i]!.ms);
  });

  test("names the lines of a recurrent layer's kernels, of its gradients and of the optimizer's update", () => {
    const lstm = new torch.nn.LSTM(8, 16);
    const optimizer = new torch.optim.SGD(lstm.parameters(), { lr: 0.1 });
    const x = torch.randn(5, 4, 8);
    const prof = profiler.profile({ with_stack: true }, () => {
      const [output] = lstm(x);
      output.pow(2).mean().backward();
      optimizer.step();
      torch
        .compile(() => lstm(x)[0])()
        .tolist();
    });
    const computing = [...prof.key_averages()].filter(({ flops, count }) => flops > 0 && count > 0);
    expect(computing.length).toBeGreaterThan(6);
    const isHere = (site: string): boolean => /profiler\.test\.ts:\d+:\d+$/.test(site);
    expect(computing.filter(({ stack }) => !stack.some(isHere))).toEqual([]);
  });

  test("times very many turns together, of the side that a choice takes", () => {
    const prof = profiler.profile(() => {
      const [end] = torch.while_loop(
        (i: torch.Tensor) => i.lt(30_000),
        (i: torch.Tensor) => [
          torch.cond(
            i.lt(20_000),
            (j: torch.Tensor) => j.add(1),
            (j: torch.Tensor) => j.add(1).ceil(),
            [i],
          ),
        ],
        [torch.tensor(0)],
      );
      expect(end.item()).toBe(30_000);
    });
    const counts = new Map<string, number>();
    for (const { key, count } of prof.key_averages()) counts.set(key, (counts.get(key) ?? 0) + count);
    expect([counts.get("add"), counts.get("ceil")]).toEqual([20_000, 10_000]);
    expect(prof.events().length).toBeLessThan(11_000);
  });

  test("writes what Perfetto opens: kernels and named stretches, in microseconds", async () => {
    const prof = profiler.profile(() => {
      profiler.record_function("forward", () => torch.ones(8).exp().tolist());
    });
    const file = path.join(await mkdtemp(path.join(tmpdir(), "trace-")), "trace.json");
    prof.export_chrome_trace(file);
    const { traceEvents } = JSON.parse(await readFile(file, "utf8")) as torch.profiler.ChromeTrace;
    const timed = traceEvents.filter((event) => event.ph === "X");
    const region = timed.find(({ name }) => name === "forward")!;
    const kernel = timed.find(({ cat }) => cat === "kernel")!;
    expect(kernel.ts).toBeGreaterThanOrEqual(region.ts);
    expect(kernel.ts + kernel.dur).toBeLessThanOrEqual(region.ts + region.dur);
    expect(traceEvents.filter((event) => event.ph === "M").map(({ args }) => args["name"])).toEqual([
      "program",
      "kernels",
    ]);
  });

  test("measures an asynchronous function until its promise settles, and stops after an error", async () => {
    const prof = await profiler.profile(async () => {
      await Promise.resolve();
      torch.ones(4).exp().tolist();
    });
    expect(prof.events()).toHaveLength(1);
    let kept: torch.profiler.profile | null = null;
    const failing = (): unknown =>
      profiler.profile((given) => {
        kept = given;
        throw new RangeError("no");
      });
    expect(failing).toThrow("no");
    torch.ones(5).exp().tolist();
    expect(kept!.events()).toHaveLength(0);
  });
});

describe("a schedule", () => {
  const { NONE, WARMUP, RECORD, RECORD_AND_SAVE } = profiler.ProfilerAction;
  const compute = (): unknown => torch.ones(4).exp().tolist();

  test("waits, warms up and measures, in cycles", () => {
    const plan = profiler.schedule({ wait: 1, warmup: 1, active: 2, repeat: 2, skip_first: 1 });
    const cycle = [NONE, WARMUP, RECORD, RECORD_AND_SAVE];
    expect(Array.from({ length: 11 }, (_, step) => plan(step))).toEqual([NONE, ...cycle, ...cycle, NONE, NONE]);
    const early = profiler.schedule({ wait: 2, warmup: 1, active: 1, skip_first_wait: 1 });
    expect([0, 1, 2, 3, 4, 5].map(early)).toEqual([WARMUP, RECORD_AND_SAVE, NONE, NONE, WARMUP, RECORD_AND_SAVE]);
    expect(() => profiler.schedule({ wait: 0, warmup: 1, active: 0 })).toThrow("Invalid profiler schedule arguments");
  });

  test("each cycle has its own trace, whose steps are named", () => {
    const traces: (readonly [kernels: number, regions: string[]])[] = [];
    const prof = profiler.profile({
      activities: [profiler.ProfilerActivity.CPU],
      schedule: profiler.schedule({ wait: 1, warmup: 1, active: 2 }),
      on_trace_ready(ready) {
        const named = ready
          .chrome_trace()
          .traceEvents.filter((event) => event.ph === "X" && event.cat === "user_annotation");
        traces.push([ready.events().length, named.map(({ name }) => name)]);
      },
    });
    for (let step = 0; step < 9; step++) {
      for (let i = 0; i <= step; i++) compute();
      prof.step();
    }
    prof.stop();
    prof.step();
    compute();
    expect(traces).toEqual([
      [3 + 4, ["ProfilerStep#2", "ProfilerStep#3"]],
      [7 + 8, ["ProfilerStep#6", "ProfilerStep#7"]],
    ]);
  });

  test("what stops while it measures is ready, too; without CPU only stretches are measured", () => {
    const ready: number[] = [];
    const on_trace_ready = (prof: torch.profiler.profile): void => void ready.push(prof.events().length);
    profiler.profile({ on_trace_ready }, compute);
    profiler.profile({ on_trace_ready, activities: [profiler.ProfilerActivity.CUDA] }, compute);
    expect(ready).toEqual([1, 0]);
    expect(() => profiler.profile({ activities: [] })).toThrow("No valid profiler activities found");
  });

  test("the handler for TensorBoard writes a file for each trace, which may be compressed", async () => {
    const folder = path.join(await mkdtemp(path.join(tmpdir(), "traces-")), "logs");
    profiler.profile({ on_trace_ready: profiler.tensorboard_trace_handler(folder, "me") }, compute);
    const packed = profiler.tensorboard_trace_handler(folder, { worker_name: "zip", use_gzip: true });
    profiler.profile({ on_trace_ready: packed }, compute);
    const [plain, gzip] = (await readdir(folder)).sort();
    expect(plain).toMatch(/^me\.\d+\.pt\.trace\.json$/);
    expect(gzip).toMatch(/^zip\.\d+\.pt\.trace\.json\.gz$/);
    const texts = [await readFile(path.join(folder, plain!)), gunzipSync(await readFile(path.join(folder, gzip!)))];
    for (const text of texts)
      expect((JSON.parse(text.toString()) as torch.profiler.ChromeTrace).displayTimeUnit).toBe("ms");
  });
});

describe("torch.autograd.profiler", () => {
  const { profiler: older } = torch.autograd;
  const compute = (): unknown => torch.arange(12).to(torch.float32).exp().sum().item();

  test("measures as torch.profiler does, unless it is not enabled", () => {
    const prof = older.profile({ record_shapes: true, with_flops: true }, compute);
    expect(prof.key_averages().length).toBeGreaterThan(0);
    expect(older.profile({ enabled: false }, compute).events()).toEqual([]);
    const open = older.profile({ enabled: false });
    compute();
    expect(open.events()).toEqual([]);
    expect(older.record_function("named", () => 3)).toBe(3);
  });

  test("emit_nvtx puts kernels on the host's timeline", () => {
    performance.clearMeasures();
    older.emit_nvtx({ record_shapes: true }, compute);
    compute();
    const entries = performance.getEntriesByType("measure") as PerformanceMeasure[];
    expect(entries.length).toBe(older.profile(compute).events().length);
    expect(entries[0]!.duration).toBeGreaterThanOrEqual(0);
    expect(entries[0]!.detail).toMatchObject({
      shapes: expect.arrayContaining([expect.stringMatching(/\[/)]) as unknown,
    });
    performance.clearMeasures();
    older.emit_nvtx({ enabled: false }, compute);
    expect(performance.getEntriesByType("measure")).toEqual([]);
  });

  test("load_nvprof says what measures here", () => {
    expect(() => older.load_nvprof("trace.sql")).toThrow(/load_nvprof: trace.sql .*\n.*torch\.profiler\.profile/);
  });
});
