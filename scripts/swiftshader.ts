/**
 * A Vulkan driver for machines without a GPU, so that Dawn (the npm package `webgpu`) finds an adapter there.
 *
 * Dawn opens `libvulkan.so.1`, the Vulkan loader, and the loader reads VK_ICD_FILENAMES to find drivers. A bare machine
 * has neither, and LD_LIBRARY_PATH is read only when a process starts. What works in a running process: opening the
 * loader ourselves, before Dawn does. The dynamic linker then answers Dawn's request by the loader's own name (its
 * soname), whatever its folder.
 */
import { readdirSync } from "node:fs";
import { constants, homedir } from "node:os";
import path from "node:path";
import { archivesFitThisMachine, unpackArchives } from "./chromium-archives.ts";

const loader = "libvulkan.so.1";

/** Makes this process's Dawn compute on SwiftShader. Call it before the first `create()` of the webgpu package. */
export async function ensureSwiftShader(): Promise<void> {
  const folder = await unpackArchives("swiftshader");
  process.env["VK_ICD_FILENAMES"] = path.join(folder, "vk_swiftshader_icd.json");
  if (!openLibrary(loader) && !openLibrary(path.join(folder, loader))) {
    throw new Error(`The Vulkan loader ${path.join(folder, loader)} could not be opened.`);
  }
}

/** Uses the machine's own Vulkan driver where one is installed, and SwiftShader elsewhere. */
export async function ensureSomeVulkanDriver(): Promise<void> {
  if (archivesFitThisMachine && !(hasVulkanDriver() && openLibrary(loader))) await ensureSwiftShader();
}

function hasVulkanDriver(): boolean {
  if (process.env["VK_ICD_FILENAMES"] || process.env["VK_DRIVER_FILES"]) return true;
  const share = path.join(homedir(), ".local", "share");
  return ["/etc", "/usr/share", "/usr/local/share", share].some((parent) => {
    try {
      return readdirSync(path.join(parent, "vulkan", "icd.d")).some((file) => file.endsWith(".json"));
    } catch {
      return false;
    }
  });
}

/** Opens a shared library for the rest of this process's life. Returns false where there is none of that name. */
function openLibrary(file: string): boolean {
  const keepLoaded = 0x1000; // RTLD_NODELETE, which Node does not name
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | keepLoaded);
    return true;
  } catch (error) {
    // Node expects an addon, complains, and closes the library again; the flag keeps it in memory all the same.
    return error instanceof Error && error.message.includes("did not self-register");
  }
}
