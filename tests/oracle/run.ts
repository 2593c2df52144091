import * as torch from "cresset";
import { main } from "./cli.ts";

await main(torch, process.argv.slice(2));
