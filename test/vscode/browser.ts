/** The browser that shows a VS Code Server: the Chromium of this machine. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { findCommand } from './processes';

/** Starts it, without a window, without a profile. */
export async function launchBrowser(): Promise<Browser> {
  const { CHROMIUM } = process.env;
  if (CHROMIUM !== undefined && !existsSync(CHROMIUM)) {
    throw new Error(`The environment variable CHROMIUM names ${CHROMIUM}, which does not exist.`);
  }
  const path =
    CHROMIUM ?? findCommand('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  try {
    return await chromium.launch({
      ...(path === undefined ? { channel: 'chrome' } : { executablePath: path }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  } catch (cause) {
    const advice = 'install Chromium, or name one in the environment variable CHROMIUM';
    throw new Error(`No browser can be started for VS Code: ${advice}.`, { cause });
  }
}
