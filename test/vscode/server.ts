/** A VS Code Server on a free port of this machine, with settings, data and extensions of its own. */
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../unit/product';
import { installServer } from './installation';
import { plainEnvironment, ProcessTree, TemporaryFolder } from './processes';
import { userSettings, type Appearance } from './settings';

const execute = promisify(execFile);

export interface ServerOptions extends Appearance {
  /** Added to the environment of the server and of its extensions. */
  readonly environment?: NodeJS.ProcessEnv;
  /** A packed extension to install; without one, the extension runs from a folder. */
  readonly vsix?: string;
  /** That folder; without it, this project (`node esbuild.mjs` first). */
  readonly extension?: string;
}

const HOST = '127.0.0.1';

/** How long a loaded machine may take to start it. */
const START_SECONDS = 120;

export class Server {
  private constructor(
    readonly port: number,
    private readonly process: ProcessTree,
    private readonly data: TemporaryFolder,
    private readonly options: ServerOptions,
  ) {}

  static async start(options: ServerOptions = {}): Promise<Server> {
    const script = join(await installServer(), 'out/server-main.js');
    const data = new TemporaryFolder();
    const folders = ['--server-data-dir', data.path];
    // `VSCODE_CLI`: the environment is complete, no login shell has to be asked for it. No gallery: nothing is looked up.
    const environment = plainEnvironment({
      ...options.environment,
      VSCODE_CLI: '1',
      EXTENSIONS_GALLERY: '{}',
    });
    let server: ProcessTree | undefined;
    try {
      const user = join(data.path, 'data/User');
      await mkdir(user, { recursive: true });
      await writeFile(join(user, 'settings.json'), JSON.stringify(userSettings(options), undefined, 2));
      if (options.vsix === undefined) await symlink(options.extension ?? root, linkIn(data), 'junction');
      else await installExtension(script, folders, options.vsix, environment);
      const where = ['--host', HOST, '--port', '0', '--without-connection-token'];
      const quiet = [
        '--accept-server-license-terms',
        '--telemetry-level',
        'off',
        '--disable-getting-started-override',
      ];
      server = ProcessTree.node(script, [...where, ...quiet, ...folders], environment);
      const [, port] = await server.printed(/Extension host agent listening on (\d+)/, START_SECONDS);
      return new Server(Number(port), server, data, options);
    } catch (error) {
      await server?.stop();
      await data.remove();
      throw error;
    }
  }

  /** The process above all others of this server. */
  get pid(): number {
    return this.process.pid!;
  }

  /** What the server has printed. */
  get output(): string {
    return this.process.output;
  }

  /** The page that shows a folder or a `.code-workspace`; `tests`: a module whose `run` is called in it. */
  address(workspace: string, tests?: string): string {
    const remote = (path: string) => `vscode-remote://${HOST}:${this.port}${encodeURI(path)}`;
    const payload = [
      ...(this.options.vsix === undefined ? [['extensionDevelopmentPath', remote(linkIn(this.data))]] : []),
      ...(tests === undefined ? [] : [['extensionTestsPath', remote(tests)]]),
    ];
    const url = new URL(`http://${HOST}:${this.port}/`);
    url.searchParams.set(workspace.endsWith('.code-workspace') ? 'workspace' : 'folder', workspace);
    if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
    return url.href;
  }

  /** Resolves when the server has ended by itself. */
  async ended(): Promise<void> {
    await this.process.ended();
  }

  /** Ends it with all its processes, and removes its data. */
  async stop(): Promise<void> {
    await this.process.stop();
    await this.data.remove();
  }
}

/**
 * The link that stands for the extension's folder. That folder holds the server, and VS Code takes all themes inside
 * the folder of an extension under development for that extension's.
 */
function linkIn(data: TemporaryFolder): string {
  return join(data.path, 'extension');
}

async function installExtension(
  script: string,
  folders: readonly string[],
  vsix: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  try {
    await execute(process.execPath, [script, ...folders, '--install-extension', vsix], { env });
  } catch (cause) {
    throw new Error(`VS Code cannot install ${vsix}.`, { cause });
  }
}
