/** Imported by whoever makes kernels for GPUs: the device, which is loaded when it is asked for, and its exports. */
import { lowerGpuTiles, suitsTiles } from "../codegen/lower/contract/gpu-tiles.ts";
import { gpuLowering } from "../codegen/lower/gpu-lowering.ts";
import { joinLanes } from "../codegen/lower/join-lanes.ts";
import { philoxWord } from "../codegen/lower/philox.ts";
import { narrowing } from "../passes/legalise-dtypes.ts";
import { narrowIntegers } from "../passes/narrow-integers.ts";

gpuLowering.provide({ suitsTiles, lowerTiles: lowerGpuTiles, joinLanes, philoxWord });
narrowing.provide(narrowIntegers);
