/** Made by test/build.mjs: all test files of this folder by their paths, loaded when called. */
declare module 'host-suites' {
  export const suites: Readonly<Record<string, () => Promise<unknown>>>;
}
