/**
 * Results on disk, one file each: JSON lines, the first all but the rows and what was skipped, then a line for each of
 * them, so that neither reading nor writing a large one holds up the extension host.
 */
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { LayerReport, Report, Settings, SkippedReport } from '../../report/report';
import { rowDefect } from '../../report/row-defect';
import type { ModelFile } from '../../worker/client';
import type { Result, Results } from './results';

export type StoredResult = Omit<Result, 'stale'>;

/** Of the layout of the files below; others are not read. */
const FORMAT = 2;
const EXTENSION = '.jsonl';
/** Lines that are turned into text before others get their turn: less than a millisecond of work. */
const LINES_AT_ONCE = 100;
/** About what a row, and what was skipped, takes as stored, for a result that is in memory alone. */
const BYTES_OF_A_ROW = 800;
const BYTES_OF_A_SKIPPED = 150;
/** Results that are kept in memory together, bytes as stored: some twenty models of a thousand layers. */
const MOST_IN_MEMORY = 32_000_000;

interface Head {
  readonly format: typeof FORMAT;
  /** Of the program that computed it: another one may know better. */
  readonly version: string;
  readonly analysedAt: number;
  readonly files: readonly ModelFile[];
  readonly crashed?: true;
  /** Lines of each kind behind this one. */
  readonly rows: number;
  readonly skipped: number;
  readonly report: Omit<Report, 'layers' | 'skipped'>;
}

interface Entry {
  /** Name of the file in the cache's folder. */
  readonly name: string;
  readonly path: string;
  readonly analysedAt: number;
  readonly bytes: number;
}

export class ResultCache implements Results {
  private readonly events = new EventEmitter<{ change: [] }>().setMaxListeners(0);
  private entries: Promise<Map<string, Entry>> | null = null;
  /** By name of the entry, those used last at the end. */
  private readonly loaded = new Map<string, Promise<StoredResult | null>>();
  /** Models that `all` left out, as it has said. */
  private leftOut = 0;
  /** Writing and clearing, one after the other. */
  private changes: Promise<unknown> = Promise.resolve();

  /**
   * @param folder is made when the first result comes.
   * @param maxBytes what all results together may take; the oldest are dropped.
   * @param log is told what `all` leaves out.
   */
  constructor(
    private readonly folder: string,
    private readonly version: string,
    private readonly maxBytes: () => number,
    private readonly log: (message: string) => void = () => undefined,
  ) {}

  /** The result of this very analysis, whole and as the files are now; null where there is none. */
  async get(path: string, settings: Settings, base: string | null = null): Promise<StoredResult | null> {
    const entry = (await this.index()).get(this.nameOf(path, settings, base));
    const result = entry ? await this.load(entry) : null;
    if (result === null || !isWhole(result)) return null;
    return (await areUnchanged(result.files)) ? result : null;
  }

  async find(path: string): Promise<Result | null> {
    const latest = latestFirst(await this.index()).find((entry) => entry.path === path);
    return latest ? this.result(latest) : null;
  }

  async all(): Promise<readonly Result[]> {
    const latest = new Map<string, Entry>();
    for (const entry of latestFirst(await this.index())) {
      if (!latest.has(entry.path)) latest.set(entry.path, entry);
    }
    let bytes = 0;
    const fitting = [...latest.values()].filter((entry, place) => {
      bytes += entry.bytes;
      return bytes <= MOST_IN_MEMORY || place === 0;
    });
    this.tellLeftOut(latest.size - fitting.length);
    const results = await Promise.all(fitting.map((entry) => this.result(entry)));
    return results.filter((result) => result !== null);
  }

  onChange(listener: () => void): { dispose(): void } {
    this.events.on('change', listener);
    return { dispose: () => this.events.off('change', listener) };
  }

  /** Tells the listeners that a model's files may have changed. */
  recheck(): void {
    this.events.emit('change');
  }

  /**
   * Keeps a result in place of the one of the same analysis; one that was cancelled or crashed does not replace a whole
   * one that still holds. Rejects where the folder cannot be written to; the result is known until the window is closed all the
   * same.
   */
  put(result: StoredResult): Promise<void> {
    return this.change(async (entries) => {
      const { report, analysedAt } = result;
      const { path } = report.model;
      const base = report.base?.path ?? null;
      if (!isWhole(result) && (await this.get(path, report.settings, base)) !== null) return;
      const name = this.nameOf(path, report.settings, base);
      entries.set(name, { name, path, analysedAt, bytes: bytesInMemory(report) });
      this.keep(name, Promise.resolve(result));
      if (this.maxBytes() === 0) {
        await rm(join(this.folder, name), { force: true });
        return;
      }
      const bytes = await this.write(name, result);
      entries.set(name, { name, path, analysedAt, bytes });
      await this.evict(entries);
    });
  }

  /** Drops what is more than `maxBytes`. */
  trim(): Promise<void> {
    return this.change((entries) => this.evict(entries));
  }

  /** Rejects where the folder cannot be deleted. */
  clear(): Promise<void> {
    return this.change(async (entries) => {
      entries.clear();
      this.loaded.clear();
      await rm(this.folder, { recursive: true, force: true });
    });
  }

  private tellLeftOut(count: number): void {
    if (count === this.leftOut) return;
    this.leftOut = count;
    if (count === 0) return;
    const limit = `${MOST_IN_MEMORY / 1e6} MB`;
    this.log(
      `Hovers on layers and budgets leave out the oldest results (${count}): together they take more than ${limit}`,
    );
  }

  private change(deed: (entries: Map<string, Entry>) => Promise<void>): Promise<void> {
    const done = this.changes.then(async () => {
      try {
        await deed(await this.index());
      } finally {
        this.events.emit('change');
      }
    });
    this.changes = done.catch(() => undefined);
    return done;
  }

  private async result(entry: Entry): Promise<Result | null> {
    const found = await this.load(entry);
    if (found === null) return null;
    return { ...found, stale: !(await areUnchanged(found.files)) };
  }

  private nameOf(path: string, settings: Settings, base: string | null): string {
    return `${digest(path)}-${digest(JSON.stringify([this.version, settings, base]))}${EXTENSION}`;
  }

  private index(): Promise<Map<string, Entry>> {
    return (this.entries ??= this.readIndex());
  }

  private async readIndex(): Promise<Map<string, Entry>> {
    const names = await readdir(this.folder).catch(() => []);
    const entries = new Map<string, Entry>();
    for (const name of names.filter(isAbandoned)) await rm(join(this.folder, name), { force: true });
    for (const name of names.filter((name) => name.endsWith(EXTENSION))) {
      try {
        const { size } = await stat(join(this.folder, name));
        for await (const line of this.lines(name)) {
          const { report, analysedAt } = this.parseHead(line);
          entries.set(name, { name, path: report.model.path, analysedAt, bytes: size });
          break;
        }
        if (!entries.has(name)) throw new Error('it is empty');
      } catch {
        // Of another version, or damaged: of no use to anybody.
        await rm(join(this.folder, name), { force: true }).catch(() => undefined);
      }
    }
    return entries;
  }

  private load(entry: Entry): Promise<StoredResult | null> {
    const { name } = entry;
    const known = this.loaded.get(name);
    this.loaded.delete(name);
    const result = known ?? this.read(name).catch(() => this.drop(name));
    this.keep(name, result);
    return result;
  }

  private async drop(name: string): Promise<null> {
    (await this.index()).delete(name);
    await rm(join(this.folder, name), { force: true }).catch(() => undefined);
    return null;
  }

  /** In memory, in place of those that were not used for the longest time. */
  private keep(name: string, result: Promise<StoredResult | null>): void {
    this.loaded.delete(name);
    this.loaded.set(name, result);
    void this.index().then((entries) => {
      let bytes = 0;
      for (const kept of [...this.loaded.keys()].reverse()) {
        bytes += entries.get(kept)?.bytes ?? 0;
        if (bytes > MOST_IN_MEMORY && kept !== name) this.loaded.delete(kept);
      }
    });
  }

  private async read(name: string): Promise<StoredResult> {
    let head: Head | null = null;
    const layers: LayerReport[] = [];
    const skipped: SkippedReport[] = [];
    for await (const line of this.lines(name)) {
      if (head === null) {
        head = this.parseHead(line);
        continue;
      }
      const value: unknown = JSON.parse(line);
      if (layers.length === head.rows) {
        if (!isSkipped(value)) throw new Error(`${name}: what was skipped is damaged`);
        skipped.push(value);
        continue;
      }
      const row = value as LayerReport;
      const defect = rowDefect(row);
      if (defect !== null) throw new Error(`${name}: a row is damaged: ${defect}`);
      layers.push(row);
    }
    if (head?.rows !== layers.length || head.skipped !== skipped.length) {
      throw new Error(`${name}: lines are missing`);
    }
    const { report, analysedAt, files, crashed } = head;
    return { report: { ...report, layers, skipped }, analysedAt, files, ...(crashed && { crashed }) };
  }

  private async *lines(name: string): AsyncGenerator<string> {
    const stream = createReadStream(join(this.folder, name), 'utf8');
    try {
      yield* createInterface({ input: stream, crlfDelay: Infinity });
    } finally {
      stream.destroy();
    }
  }

  private parseHead(line: string): Head {
    const head = JSON.parse(line) as Partial<Head> | null;
    if (head?.format !== FORMAT || head.version !== this.version) throw new Error('another version wrote it');
    return head as Head;
  }

  /** Bytes written. The file appears whole or not at all. */
  private async write(name: string, result: StoredResult): Promise<number> {
    await mkdir(this.folder, { recursive: true });
    const { layers, skipped, ...report } = result.report;
    const { files, analysedAt, crashed } = result;
    const head: Head = {
      format: FORMAT,
      version: this.version,
      analysedAt,
      files,
      ...(crashed && { crashed }),
      rows: layers.length,
      skipped: skipped.length,
      report,
    };
    const unfinished = join(this.folder, unfinishedName(name));
    const file = await open(unfinished, 'w');
    try {
      await file.write(lineOf(head));
      for (const list of [layers, skipped]) {
        for (let i = 0; i < list.length; i += LINES_AT_ONCE) {
          await file.write(
            list
              .slice(i, i + LINES_AT_ONCE)
              .map(lineOf)
              .join(''),
          );
        }
      }
      const { size } = await file.stat();
      await file.close();
      await rename(unfinished, join(this.folder, name));
      return size;
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  private async evict(entries: Map<string, Entry>): Promise<void> {
    let bytes = 0;
    for (const { name, bytes: size } of latestFirst(entries)) {
      bytes += size;
      if (bytes <= this.maxBytes()) continue;
      entries.delete(name);
      this.loaded.delete(name);
      await rm(join(this.folder, name), { force: true });
    }
  }
}

function unfinishedName(name: string): string {
  return `${name}.${process.pid}`;
}

/** Whether this is what a window was writing when it ended. */
function isAbandoned(name: string): boolean {
  const pid = /\.jsonl\.(\d+)$/.exec(name)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    // A process of another user is one, too.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Another run of the same analysis would not answer more. */
function isWhole({ report, crashed }: StoredResult): boolean {
  return !report.cancelled && !crashed;
}

/** Size and time of the last change of every file are what they were. */
export async function areUnchanged(files: readonly ModelFile[]): Promise<boolean> {
  for (const { path, bytes, modified } of files) {
    const status = await stat(path).catch(() => null);
    if ((status?.size ?? null) !== bytes || (status?.mtimeMs ?? null) !== modified) return false;
  }
  return true;
}

/** Some versions of Node.js end a line at U+2028 and U+2029, too, which JSON leaves as they are. */
function lineOf(value: unknown): string {
  const json = JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  return `${json}\n`;
}

function isSkipped(value: unknown): value is SkippedReport {
  if (typeof value !== 'object' || value === null) return false;
  const { name, op, weight, reason } = value as Partial<Record<keyof SkippedReport, unknown>>;
  const texts = [name, op, weight ?? '', reason];
  return texts.every((text) => typeof text === 'string');
}

function bytesInMemory({ layers, skipped }: Report): number {
  return layers.length * BYTES_OF_A_ROW + skipped.length * BYTES_OF_A_SKIPPED;
}

function latestFirst(entries: ReadonlyMap<string, Entry>): Entry[] {
  return [...entries.values()].sort((a, b) => b.analysedAt - a.analysedAt);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
