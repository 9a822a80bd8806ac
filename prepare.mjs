// Makes a fresh clone ready: the packages of the lock file, the bundles in dist/, and, where there is apt,
// --with-system-packages: what the tests need from Debian, a software Vulkan for the WebGPU provider;
// --with-vscode: what a VS Code Server needs, a browser, a compiler for its native modules and its search program.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const run = (command, args) =>
  execFileSync(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
const hasCommand = (name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

// npm writes this file when an installation is complete.
const installed = 'node_modules/.package-lock.json';
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync('package-lock.json').mtimeMs) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}

// Chromium brings SwiftShader, a Vulkan driver that needs no GPU.
const forTests = { chromium: '/usr/lib/chromium/vk_swiftshader_icd.json', libvulkan1: vulkanLoader() };
const forVsCode = {
  chromium: 'chromium',
  ripgrep: 'rg',
  procps: 'ps',
  'g++': 'g++',
  make: 'make',
  python3: 'python3',
};
const packages = {
  ...(process.argv.includes('--with-vscode') && forVsCode),
  ...(process.argv.includes('--with-system-packages') && forTests),
};
const isThere = (file) => (file.startsWith('/') ? existsSync(file) : hasCommand(file));

if (hasCommand('apt-get')) {
  const missing = Object.keys(packages).filter((name) => !isThere(packages[name]));
  if (missing.length > 0) {
    const root = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
    const apt = (...args) => {
      const [command, ...rest] = [...root, 'apt-get', '-qq', '-o', 'Dpkg::Use-Pty=0', ...args];
      run(command, rest);
    };
    process.env.DEBIAN_FRONTEND = 'noninteractive';
    apt('update');
    apt('install', '-y', '--no-install-recommends', ...missing);
  }
}

run(process.execPath, ['esbuild.mjs']);

function vulkanLoader() {
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return `/usr/lib/${architecture}-linux-gnu/libvulkan.so.1`;
}
