/** VS Code in a browser, and how tests get at its parts. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { root } from '../unit/product';
import { launchBrowser } from '../vscode/browser';
import { processesBelow, TemporaryFolder, type Process } from '../vscode/processes';
import { Server, type ServerOptions } from '../vscode/server';
import { THEMES, type Settings, type Theme } from '../vscode/settings';
import { createSamples } from '../vscode/workspace';
import { Panel } from './panel';

export interface VsCodeOptions extends ServerOptions {
  /** A folder or a `.code-workspace`; without it, a new folder of samples. */
  readonly workspace?: string;
  /** Of the new folder of samples, in place of its own, whose letters not every machine has the font for. */
  readonly folderName?: string;
  /** Of the window and its extensions; the window itself stays English without a language pack. */
  readonly language?: string;
  /** In CSS pixels; 1280 x 800. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** For anything that VS Code does, on a loaded machine. */
const WAIT_MS = 60_000;

/** For an answer to a key or a click, before it is tried once more. */
const ANSWER_MS = 5_000;

/** The same for a panel that is opened. */
const PANEL_MS = 15_000;

/** The same for a menu or a list: many times longer than it takes no click. */
const MENU_MS = 500;

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
      if (options.language !== undefined) await page.addInitScript(speak, options.language);
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

  /** Waits until the explorer shows a file that was just written, of which a busy machine's watcher may be told late, or never. */
  async untilShown(name: string): Promise<void> {
    await this.until(this.explorerItem(name), 'visible', () => this.runCommand('Refresh Explorer'));
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

  /** Rests the pointer on a piece of the text that the active editor shows; what is told of it. */
  async hover(text: string): Promise<Locator> {
    const hover = this.page.locator('.monaco-hover').filter({ visible: true });
    const target = this.page.locator('.editor-instance .view-line').getByText(text).last();
    await this.until(hover, 'visible', async () => {
      // From elsewhere: a pointer that does not move means nothing.
      await this.page.mouse.move(0, 0);
      await target.hover();
    });
    return hover;
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
      // The list is of the commands that there were when it was opened. (Elsewhere the key would close other things.)
      if (await this.quickInput.isVisible()) await this.page.keyboard.press('Escape');
      const input = await this.openPalette();
      await input.fill(`>${title}`);
    });
    return entry;
  }

  /** Opens the command palette; its input field. */
  async openPalette(): Promise<Locator> {
    const input = this.quickInput.locator('input[type=text]');
    await this.until(input, 'visible', () => this.page.keyboard.press('F1'));
    return input;
  }

  /** The palette, and whatever else VS Code asks with a list or an input field. */
  private get quickInput(): Locator {
    return this.page.locator('.quick-input-widget');
  }

  /** An entry of the palette or of any list that VS Code asks with, by the whole text of its label. */
  quickPickItem(label: string): Locator {
    return this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.locator('.label-name', { hasText: new RegExp(`^${escaped(label)}$`) }) })
      .first();
  }

  /** The question that VS Code asks, in a list or an input field, once it is this one: by the end of its title. */
  async question(title: string): Promise<Locator> {
    // The title of one question may begin with that of another.
    const hasText = new RegExp(`${escaped(title)}\\s*$`);
    const widget = this.quickInput.filter({ has: this.page.locator('.quick-input-title', { hasText }) });
    await widget.waitFor();
    return widget;
  }

  /** Chooses an entry of the list of a question. */
  async choose(title: string, label: string): Promise<void> {
    const question = await this.question(title);
    // A list that is still being filled may miss the click.
    const click = () =>
      this.quickPickItem(label)
        .click({ timeout: MENU_MS })
        .catch(() => undefined);
    await this.until(question, 'hidden', click, MENU_MS);
  }

  /** Types the answer to a question. */
  async answer(title: string, text: string): Promise<void> {
    const input = (await this.question(title)).locator('input[type=text]');
    await input.fill(text);
    await input.press('Enter');
  }

  /** The context menu that is open. */
  get menu(): Locator {
    return this.page.locator('.monaco-menu-container').getByRole('menu').first();
  }

  /** Chooses an entry of the context menu of a part of VS Code. */
  async contextMenu(target: Locator, entry: string): Promise<void> {
    const { menu } = this;
    const item = menu.getByRole('menuitem', { name: entry, exact: true });
    const open = async () => {
      // It is of what the extension had told VS Code when it was opened.
      if (await menu.isVisible()) await this.page.keyboard.press('Escape');
      await this.openContextMenu(target);
    };
    await this.until(item, 'visible', open, MENU_MS);
    // The menu takes no click in its first moments, when a slip of the pointer could be meant.
    const click = () => item.click({ timeout: MENU_MS }).catch(() => undefined);
    await this.until(menu, 'hidden', click, MENU_MS);
  }

  /** Opens the context menu of a part of VS Code; the menu, with its `menuitem`s. */
  async openContextMenu(target: Locator): Promise<Locator> {
    await target.waitFor();
    await this.until(this.menu, 'visible', () => target.click({ button: 'right' }));
    return this.menu;
  }

  /** The document of the webview that is shown: VS Code puts it into two frames, one inside the other. */
  panelFrame(): FrameLocator {
    return this.page
      .locator('iframe.webview.ready')
      .filter({ visible: true })
      .contentFrame()
      .frameLocator('iframe#active-frame');
  }

  /** The panel that is shown. */
  get panel(): Panel {
    return new Panel(this.panelFrame());
  }

  /** Opens the panel of a model by the explorer's menu; it may still be without any row. */
  async openPanel(name: string): Promise<Panel> {
    const title = this.panel.title.getByText(name, { exact: true });
    // A menu may be closed by an explorer that notices a new file, in place of by the click.
    const analyze = () => this.contextMenu(this.explorerItem(name), 'Analyze Lipschitz');
    await this.until(title, 'visible', analyze, PANEL_MS);
    return this.panel;
  }

  /** Analyses a model by the explorer's menu, to the end. */
  async analyze(name: string): Promise<Panel> {
    const panel = await this.openPanel(name);
    await panel.finished();
    return panel;
  }

  /** The processes that analyse models now. */
  get workers(): Process[] {
    return processesBelow(this.server.pid).filter(({ command }) => command.includes('worker.js'));
  }

  readClipboard(): Promise<string> {
    return this.page.evaluate<string>('navigator.clipboard.readText()');
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
    await this.quickInput.waitFor({ state: 'hidden' });
  }

  /** Repeats what a busy page may have missed. */
  private async until(
    locator: Locator,
    state: 'visible' | 'hidden',
    act: () => Promise<void>,
    answer: number = ANSWER_MS,
  ): Promise<void> {
    const end = Date.now() + WAIT_MS;
    for (;;) {
      await act();
      try {
        return await locator.waitFor({ state, timeout: answer });
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

/** What a language pack tells the page before the workbench starts; the texts in English, which it has, say `en`. */
function speak(language: string): void {
  Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => language, set: () => undefined });
}
