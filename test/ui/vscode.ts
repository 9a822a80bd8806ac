/** VS Code in a browser, and how tests get at its parts. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { root } from '../unit/product';
import { launchBrowser } from '../vscode/browser';
import { TemporaryFolder } from '../vscode/processes';
import { Server, type ServerOptions } from '../vscode/server';
import { THEMES, type Settings, type Theme } from '../vscode/settings';
import { createSamples } from '../vscode/workspace';

export interface VsCodeOptions extends ServerOptions {
  /** A folder or a `.code-workspace`; without it, a new folder of samples. */
  readonly workspace?: string;
  /** Of the new folder of samples, in place of its own, whose letters not every machine has the font for. */
  readonly folderName?: string;
  /** In CSS pixels; 1280 x 800. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** For anything that VS Code does, on a loaded machine. */
const WAIT_MS = 60_000;

/** For an answer to a key or a click, before it is tried once more. */
const ANSWER_MS = 5_000;

/** The file of each theme, which the workbench names in a class of its root. */
const THEME_FILES: Readonly<Record<Theme, string>> = {
  light: 'light_modern',
  dark: 'dark_modern',
  'high-contrast-dark': 'hc_black',
  'high-contrast-light': 'hc_light',
};

export class VsCode {
  /** Faults of the pages: errors that nothing caught, violations of a content security policy. */
  readonly problems: string[] = [];

  private constructor(
    readonly page: Page,
    /** The folder or `.code-workspace` that is open. */
    readonly workspace: string,
    readonly server: Server,
    private readonly browser: Browser,
    private readonly temporary: TemporaryFolder,
  ) {
    page.setDefaultTimeout(WAIT_MS);
    page.on('pageerror', ({ stack, message }) => {
      if (!isOfWorkbench(stack ?? '')) this.problems.push(stack ?? message);
    });
    page.on('console', (line) => {
      if (/Content Security Policy/i.test(line.text())) this.problems.push(line.text());
    });
  }

  /** Starts a server and a browser, and waits until VS Code shows the files. Close it in the end. */
  static async open(options: VsCodeOptions = {}): Promise<VsCode> {
    const temporary = new TemporaryFolder();
    let server: Server | undefined;
    let browser: Browser | undefined;
    try {
      const workspace = options.workspace ?? (await createSamples(temporary.path, options.folderName));
      [server, browser] = await Promise.all([Server.start(options), launchBrowser()]);
      const page = await browser.newPage({
        viewport: options.size ?? { width: 1280, height: 800 },
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      const vscode = new VsCode(page, workspace, server, browser, temporary);
      await page.goto(server.address(workspace));
      await vscode.files.first().waitFor();
      await vscode.untilRegistered();
      return vscode;
    } catch (error) {
      await browser?.close();
      await server?.stop();
      await temporary.remove();
      throw error;
    }
  }

  /** Ends everything, whatever state it is in; throws where there were problems. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    await this.temporary.remove();
    if (this.problems.length > 0) throw new Error(this.problems.join('\n\n'));
  }

  /** Loads the window again; VS Code brings back what was open. */
  async reload(): Promise<void> {
    // The browser's own reload would not wait until VS Code has noted what is open.
    await Promise.all([this.page.waitForEvent('load'), this.runCommand('Developer: Reload Window')]);
    await this.untilRegistered();
  }

  /**
   * Sets settings of the open folder in place of those that it had, while VS Code runs. (Of its user settings, VS Code
   * notices in a browser only what it changes itself.)
   */
  async configure(settings: Settings): Promise<void> {
    const file = join(this.workspace, '.vscode/settings.json');
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(settings, undefined, 2));
  }

  /** Changes to another theme, and waits until it is shown. */
  async changeTheme(theme: Theme): Promise<void> {
    await this.configure({ 'workbench.colorTheme': THEMES[theme] });
    await this.page.locator(`.monaco-workbench[class*="-themes-${THEME_FILES[theme]}-json"]`).waitFor();
  }

  /** The rows of the explorer. */
  get files(): Locator {
    return this.page.locator('.explorer-folders-view').getByRole('treeitem');
  }

  /** The row of a file or folder in the explorer, by its whole name. */
  explorerItem(name: string): Locator {
    return this.files.filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Opens a file of the explorer in an editor of its own. */
  async openFile(name: string): Promise<void> {
    await this.explorerItem(name).dblclick();
    await this.tab(name).waitFor();
  }

  /** The tab of an editor, by a part of its name. */
  tab(name: string): Locator {
    return this.page.locator('.tabs-container').getByRole('tab').filter({ hasText: name });
  }

  /** Runs a command through the palette, by its category and title: "Lipschitz: Show Log". */
  async runCommand(title: string): Promise<void> {
    const entry = await this.findCommand(title);
    await entry.click();
  }

  /** Opens the palette and looks for a command, until it is there; its entry. */
  async findCommand(title: string): Promise<Locator> {
    const entry = this.quickPickItem(title);
    await this.until(entry, 'visible', async () => {
      // The list is of the commands that there were when it was opened.
      await this.page.keyboard.press('Escape');
      const input = await this.openPalette();
      await input.fill(`>${title}`);
    });
    return entry;
  }

  /** Opens the command palette; its input field. */
  async openPalette(): Promise<Locator> {
    const input = this.page.locator('.quick-input-widget input[type=text]');
    await this.until(input, 'visible', () => this.page.keyboard.press('F1'));
    return input;
  }

  /** An entry of the palette or of any list that VS Code asks with, by the whole text of its label. */
  quickPickItem(label: string): Locator {
    return this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.locator('.label-name', { hasText: new RegExp(`^${escaped(label)}$`) }) })
      .first();
  }

  /** Chooses an entry of the context menu of a part of VS Code. */
  async contextMenu(target: Locator, entry: string): Promise<void> {
    const menu = await this.openContextMenu(target);
    const item = menu.getByRole('menuitem', { name: entry, exact: true });
    await item.waitFor();
    // The menu takes no click in its first moments, when a slip of the pointer could be meant.
    await this.until(menu, 'hidden', () => item.click());
  }

  /** Opens the context menu of a part of VS Code; the menu, with its `menuitem`s. */
  async openContextMenu(target: Locator): Promise<Locator> {
    const menu = this.page.locator('.monaco-menu-container').getByRole('menu').first();
    await target.waitFor();
    await this.until(menu, 'visible', () => target.click({ button: 'right' }));
    return menu;
  }

  /** The document of the webview that is shown: VS Code puts it into two frames, one inside the other. */
  panelFrame(): FrameLocator {
    return this.page
      .locator('iframe.webview.ready')
      .filter({ visible: true })
      .contentFrame()
      .frameLocator('iframe#active-frame');
  }

  /** The notifications that are shown. */
  get notifications(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  /**
   * Takes a picture of the window, or of a part of it: into dist/test/screenshots/, or, with UPDATE_SCREENSHOTS=1, into
   * media/screenshots/, where the README shows it from. Returns its path.
   */
  async screenshot(name: string, part: Page | Locator = this.page): Promise<string> {
    const folder = process.env.UPDATE_SCREENSHOTS ? 'media/screenshots' : 'dist/test/screenshots';
    const path = join(root, folder, `${name}.png`);
    await mkdir(dirname(path), { recursive: true });
    await part.screenshot({ path, animations: 'disabled' });
    return path;
  }

  /** Waits until VS Code knows what the extension contributes: its menus, its commands. */
  private async untilRegistered(): Promise<void> {
    await this.findCommand('Lipschitz: Show Log');
    await this.page.keyboard.press('Escape');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** Repeats what a busy page may have missed. */
  private async until(
    locator: Locator,
    state: 'visible' | 'hidden',
    act: () => Promise<void>,
  ): Promise<void> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      await act();
      try {
        return await locator.waitFor({ state, timeout: ANSWER_MS });
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Errors in the workbench's own code are not ours to mend. */
function isOfWorkbench(stack: string): boolean {
  return stack.includes('/static/out/vs/code/browser/workbench/');
}
