/**
 * What a search for the fastest kernels has found: in memory, and where there is a place for it, for later processes
 * and pages. What cannot be read counts as empty, and what cannot be written is kept in memory.
 */
import type * as nodeFiles from "node:fs";
import type * as nodePath from "node:path";
import { cacheFolder } from "../node/cache-folder.ts";

export interface Winners {
  get(key: string): number | undefined;
  set(key: string, winner: number): void;
}

/** Where winners are kept in Node, if this is set. */
export const pathVariable = "CRESSET_SCHEDULES";
const fileName = "schedules.json";
const databaseName = "cresset";
const storeName = "schedules";

export function rememberedWinners(): Winners {
  const files = typeof process === "object" ? process.getBuiltinModule?.("node:fs") : undefined;
  if (files !== undefined) return winnersInFile(files, defaultPath());
  return typeof indexedDB === "object" ? winnersInDatabase(indexedDB) : new Map<string, number>();
}

function defaultPath(): string {
  const named = process.env[pathVariable];
  if (named !== undefined && named !== "") return named;
  const path: typeof nodePath = process.getBuiltinModule("node:path");
  return path.join(cacheFolder(), fileName);
}

/** A JSON object of winners by key, replaced as a whole when there is a new one. */
export function winnersInFile(files: typeof nodeFiles, path: string): Winners {
  const read = (): [string, number][] => {
    try {
      return entriesOf(JSON.parse(files.readFileSync(path, "utf8")));
    } catch {
      return [];
    }
  };
  const known = new Map(read());
  return {
    get: (key) => known.get(key),
    set(key, winner) {
      known.set(key, winner);
      // Other processes may have found some meanwhile.
      const all = new Map([...read(), ...known]);
      const written = `${path}.${process.pid}`;
      try {
        files.mkdirSync(process.getBuiltinModule("node:path").dirname(path), { recursive: true });
        files.writeFileSync(written, `${JSON.stringify(Object.fromEntries(all))}\n`);
        files.renameSync(written, path);
      } catch {
        // A folder that may not be written: they are found again next time.
      }
    },
  };
}

const entriesOf = (value: unknown): [string, number][] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).filter((entry): entry is [string, number] => isWinner(entry[1]))
    : [];

const isWinner = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;

/** What earlier pages found is there once the database has answered. */
export function winnersInDatabase(factory: IDBFactory): Winners {
  const known = new Map<string, number>();
  const opened = openDatabase(factory);
  const store = async (mode: IDBTransactionMode): Promise<IDBObjectStore> =>
    (await opened).transaction(storeName, mode).objectStore(storeName);
  const load = async (): Promise<void> => {
    const cursor = (await store("readonly")).openCursor();
    cursor.addEventListener("success", () => {
      const at = cursor.result;
      if (at === null) return;
      if (typeof at.key === "string" && isWinner(at.value) && !known.has(at.key)) known.set(at.key, at.value);
      at.continue();
    });
  };
  const ignore = (): void => {};
  load().catch(ignore);
  return {
    get: (key) => known.get(key),
    set(key, winner) {
      known.set(key, winner);
      store("readwrite")
        .then((winners) => winners.put(winner, key))
        .catch(ignore);
    },
  };
}

const openDatabase = (factory: IDBFactory): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const request = factory.open(databaseName, 1);
    request.addEventListener("upgradeneeded", () => void request.result.createObjectStore(storeName));
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the database cannot be opened")));
  });
