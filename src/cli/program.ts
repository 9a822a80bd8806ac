import { Command, Option } from 'commander';
import { version } from '../../package.json';
import { DEVICE_CHOICES, METHODS, PADDING_CHOICES } from '../report/settings';
import { analyzeFiles } from './analyze-files';
import type { AnalyzeOptions } from './analyze-files';
import { EXIT_HELP } from './exit-code';
import type { ExitCode } from './exit-code';
import { FORMATS } from './format';
import { listDevices } from './list-devices';
import { parseBudget, parseGlob, parseInputSize, parseIterations, parseTolerance } from './options';
import type { Surroundings } from './surroundings';

/** The command line. What a command ends with is given to `end`; usage errors are thrown by Commander. */
export function commandLine(surroundings: Surroundings, end: (code: ExitCode) => void): Command {
  const program = new Command('lipschitz-lens')
    .description(
      'Certified Lipschitz constants and stable ranks of the layers of ONNX and safetensors models.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'lipschitz-lens: ')),
    })
    .showHelpAfterError('To analyse a file: lipschitz-lens analyze FILE\nAll commands: lipschitz-lens --help')
    .addHelpText(
      'after',
      `
Examples:
  lipschitz-lens analyze model.onnx
  lipschitz-lens devices`,
    );

  program
    .command('analyze')
    .summary('print an interval around the Lipschitz constant of every layer, and its stable rank')
    .description(
      'Prints, for every layer of each model, an interval that contains its Lipschitz constant (in the Euclidean norm), and its stable rank.',
    )
    .argument(
      '<FILE...>',
      'an .onnx or .safetensors file, a *.safetensors.index.json, or a folder that holds one of them',
    )
    .addOption(new Option('--format <FORMAT>', 'how the result is written').choices(FORMATS).default('table'))
    .option('--output <FILE>', 'write the result to FILE instead of the standard output')
    .addOption(
      new Option(
        '--method <METHOD>',
        'auto: certified, tight; quick: probable for large matrices, wider for convolutions; gram: Gram iteration alone',
      )
        .choices(METHODS)
        .default('auto'),
    )
    .addOption(new Option('--quick', 'the same as --method quick').implies({ method: 'quick' }))
    .option('--iterations <N>', 'number of Gram iterations, for --method gram', parseIterations)
    .option(
      '--tolerance <T>',
      'relative width of an interval that is tight enough, between 0 and 1',
      parseTolerance,
    )
    .option(
      '--input-size <SIZE>',
      'spatial size of the input, such as 16000, 224x224 or 16x112x112; any: bounds for every size (default: what the file says)',
      parseInputSize,
    )
    .addOption(
      new Option('--padding <MODE>', 'padding of the convolutions (default: what the file says)').choices(
        PADDING_CHOICES,
      ),
    )
    .addOption(
      new Option('--device <DEVICE>', 'where matrices are multiplied')
        .choices(DEVICE_CHOICES)
        .default('auto'),
    )
    .option('--layers <GLOB>', "only the layers whose name matches, such as '*attn*'", parseGlob)
    .option('--per-group', 'also print each group of a grouped convolution')
    .option('--fail-above <L>', "exit with 1 where a layer's upper bound is above L", parseBudget)
    .showHelpAfterError(
      `Usage: lipschitz-lens analyze [options] FILE...
For example: lipschitz-lens analyze model.onnx
All options: lipschitz-lens analyze --help`,
    )
    .addHelpText(
      'after',
      `
Of several files, --format json prints an array of reports, of a single file the
report itself; --format csv prints one header and names the model in each record.
A table is coloured only on a terminal (FORCE_COLOR and NO_COLOR are respected).

${EXIT_HELP}

Examples:
  lipschitz-lens analyze model.onnx
  lipschitz-lens analyze model.safetensors --layers '*attn*' --per-group
  lipschitz-lens analyze before.onnx after.onnx --format csv --output norms.csv
  lipschitz-lens analyze model.onnx --input-size 224x224 --padding circular
  lipschitz-lens analyze model.onnx --fail-above 1 --format json`,
    )
    .action(async (files: string[], options: AnalyzeOptions) =>
      end(await analyzeFiles(files, options, surroundings)),
    );

  program
    .command('devices')
    .description(
      'Lists the devices that matrices can be multiplied on, each with the result of its self-check.',
    )
    .addHelpText(
      'after',
      `
Checks:
  passed  its products of matrices are exact where they have to be
  failed  it is part of ONNX Runtime here, but cannot be used
  absent  it is not part of ONNX Runtime here
The exit code is 3 where none passed.

Example:
  lipschitz-lens devices`,
    )
    .action(async () => end(await listDevices(surroundings)));

  return program;
}
