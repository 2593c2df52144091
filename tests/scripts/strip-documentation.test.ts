import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { operators } from "../../ir/operator.ts";
import "../../ir/ops/index.ts";
import { stripDocumentation, stripDocumentationPlugin } from "../../scripts/strip-documentation.ts";

describe("stripping documentation", () => {
  it("removes doc and samples of an operator, wherever they stand", () => {
    expect(stripDocumentation('defineOp({ name: "a", doc: { summary: "text" }, record: f, samples: [1] });')).toBe(
      'defineOp({ name: "a", record: f,  });',
    );
    expect(stripDocumentation("defineOp({ doc });")).toBe("defineOp({  });");
    expect(stripDocumentation('other({ doc: "kept" });')).toBe('other({ doc: "kept" });');
  });

  it("blanks the texts of tables and arguments that nothing else uses", () => {
    const table = (used: string): string =>
      `const rows = [["a", "text", f]];\nfor (const [name, summary, make] of rows) { defineOp({ name, doc: { summary }, record: make${used} }); }`;
    expect(stripDocumentation(table(""))).toContain('[["a", 0, f]]');
    expect(stripDocumentation(table(", keep: summary"))).toContain('[["a", "text", f]]');
    expect(stripDocumentation(`${table("")} log(rows);`)).toContain('[["a", "text", f]]');
    expect(
      stripDocumentation('const op = (name, summary) => defineOp({ name, doc: { summary } });\nop("a", "text");'),
    ).toContain('op("a", 0);');
    expect(
      stripDocumentation(
        'for (const { name, summary: s } of [{ name: "a", summary: "text" }]) defineOp({ name, doc: s });',
      ),
    ).toContain('[{ name: "a", summary: 0 }]');
  });

  it("leaves no operator's documentation in a bundle", async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("../../ir/ops/index.ts", import.meta.url))],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      plugins: [stripDocumentationPlugin],
    });
    const bundle = outputFiles[0]!.text;
    // Short ones ("-input.") may be part of something else.
    const left = [...operators()].filter(
      ({ doc }) => doc.summary.length > 12 && bundle.includes(JSON.stringify(doc.summary).slice(1, -1)),
    );
    expect(left.map((operator) => operator.name)).toEqual([]);
  });
});
