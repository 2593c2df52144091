/** One measured run: `memory-run.ts <device> lazy|compiled|recorded|watched|models|functions|eval|unread|programs|failing|failing-compiled <steps>`; prints samples as JSON. */
import * as torch from "cresset";
import { deviceFor, deviceName } from "../../frontend/devices.ts";
import { ensureSwiftShader } from "../support/webgpu.ts";

const [name = "cpu", mode = "lazy", count = "1000"] = process.argv.slice(2);
const steps = Number(count);
const { nn, optim } = torch;
const samples: { step: number; device: number; heap: number; arrays: number }[] = [];

/** Lets finalizers run, collects, and notes what is left. */
async function sample(step: number): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    globalThis.gc!();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  samples.push({
    step,
    device: deviceFor(deviceName(name)).statistics().liveBytes,
    heap: heapUsed,
    arrays: arrayBuffers,
  });
}

/** Running statistics and masks: state that nobody reads, and draws. */
const network = () =>
  new nn.Sequential(
    new nn.Linear(6, 8),
    new nn.BatchNorm1d(8),
    new nn.Tanh(),
    new nn.Dropout(0.2),
    new nn.Linear(8, 3),
  ).to(name);

function model() {
  const net = network();
  const optimizer = new optim.Adam(net.parameters());
  return (x: torch.Tensor, y: torch.Tensor): torch.Tensor => {
    optimizer.zero_grad();
    const loss = nn.functional.cross_entropy(net(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  };
}

if (name === "webgpu") {
  await ensureSwiftShader();
  await torch.webgpu.init();
}
const x = torch.randn(16, 6).to(name);
const y = torch.randint(0, 3, [16]).to(name);
if (mode === "models") {
  for (let i = 0; i < steps; i++) {
    const step = model();
    for (let k = 0; k < 3; k++) await step(x, y).itemAsync();
    if (i % 25 === 0 || i === steps - 1) await sample(i + 25);
  }
} else if (mode === "eval") {
  const net = network().eval();
  for (let i = 0; i < steps; i++) {
    await net(x).tolistAsync();
    if (i === 60 || i % 500 === 499) await sample(i);
  }
} else if (mode === "unread") {
  // Nothing is ever read: no flush.
  const wide = () => new nn.Linear(400, 400, { device: name });
  for (let i = 0; i < steps; i++) {
    wide().load_state_dict(wide().state_dict());
    if (i % 20 === 10 || i === steps - 1) await sample(i);
  }
} else if (mode === "programs") {
  // 1 MB of weights each time, and another program.
  for (let i = 0; i < steps; i++) {
    const weight = torch.rand(512, 512, { device: name }).requires_grad_();
    let x: torch.Tensor = weight;
    for (let k = 0; k <= i; k++) x = x.cos();
    x.sum().backward();
    weight.grad!.sum().item();
    if (i % 10 === 4) await sample(i + 50);
  }
} else if (mode === "recorded") {
  // Each call is recorded again.
  const step = torch.compile(model(), { verify: 1 });
  for (let i = 0; i < steps; i++) {
    step(x, y);
    if (i % 250 === 249) await sample(i);
  }
} else if (mode === "watched") {
  const net = network();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.01 });
  const step = torch.compile((x: torch.Tensor) => {
    optimizer.zero_grad();
    net(x).pow(2).mean().backward();
    optimizer.step();
  });
  for (let i = 0; i < steps; i++) {
    step(x);
    for (const parameter of net.parameters()) parameter.detach().tolist();
    if (i === 60 || i % 1000 === 999) await sample(i);
  }
} else if (mode === "functions") {
  for (let i = 0; i < steps; i++) {
    const step = torch.compile(model());
    for (let k = 0; k < 3; k++) await step(x, y).itemAsync();
    if (i % 100 === 99) await sample(i);
  }
} else if (mode === "failing" || mode === "failing-compiled") {
  // One read after another that fails.
  const ones = torch.ones(3, { device: name });
  const select = (index: torch.Tensor): torch.Tensor => ones.mul(1).index_select(0, index);
  const selected = mode === "failing" ? select : torch.compile(select);
  for (let i = 0; i < steps; i++) {
    try {
      selected(torch.tensor([9n], { device: name })).tolist();
    } catch (error) {
      if (!(error instanceof torch.IndexError)) throw error;
    }
    if (i === 60 || i % 500 === 499) await sample(i);
  }
} else {
  const step = mode === "compiled" ? torch.compile(model()) : model();
  for (let i = 0; i < steps; i++) {
    const loss = step(x, y);
    if (mode === "lazy") await loss.itemAsync();
    else if (name === "webgpu" && i % 100 === 99) await loss.itemAsync();
    if (i === 60 || i % 2500 === 2499) await sample(i);
  }
}
console.log(JSON.stringify(samples));
