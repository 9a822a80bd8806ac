// Prints the rows of one file, as `rowsOf` answers them: in a process of its own, as every analysis is.
import { rowsOf } from './core.mjs';

const [file, options] = process.argv.slice(2);
const rows = await rowsOf(file, JSON.parse(options));
// Companions would keep the process alive.
process.stdout.write(JSON.stringify(rows), () => process.exit());
