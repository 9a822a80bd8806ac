/** Protocol buffer schemas are bundled as text and parsed when they are first used. */
declare module '*.proto' {
  const text: string;
  export default text;
}
