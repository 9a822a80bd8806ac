/** Once, before all tests of the user interface: builds the programs, and installs the VS Code Server. */
import { buildPrograms } from '../unit/setup';
import { installServer } from '../vscode/installation';

export default async function setup(): Promise<void> {
  await Promise.all([buildPrograms(), installServer()]);
}
