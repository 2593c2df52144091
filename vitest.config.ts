import { defineConfig } from "vitest/config";

// `import * as torch from "cresset"` means this checkout's TypeScript source, not dist/: package.json's "source" condition.
const conditions = ["source", "module", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    globalSetup: ["tests/support/generate.ts"],
    execArgv: ["--conditions=source"],
    // Every pass of every compilation is checked (see docs/debugging.md).
    env: { VERIFY: "1" },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
