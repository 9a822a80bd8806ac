import { Command, Option } from 'commander';
import { version } from '../../package.json';
import { DEVICE_CHOICES } from '../report/settings';
import { analyzeFiles } from './analyze-files';
import type { AnalyzeOptions } from './analyze-files';
import { checkFile } from './check-file';
import type { CheckOptions } from './check-file';
import { compareFiles } from './compare-files';
import type { CompareOptions } from './compare-files';
import { COMPARISON_EXIT_HELP, EXIT_HELP, SERIES_EXIT_HELP } from './exit-code';
import type { ExitCode } from './exit-code';
import { FORMATS, RESULT_FORMATS } from './format';
import { listDevices } from './list-devices';
import { parseBudget, parseInputSize, parseTolerance } from './options';
import { analyzeSeries } from './series-files';
import type { SeriesOptions } from './series-files';
import { addSettingOptions } from './settings';
import type { Surroundings } from './surroundings';

const MODEL = 'an .onnx or .safetensors file, a *.safetensors.index.json, or a folder that holds one of them';

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
  lipschitz-lens compare before.onnx after.onnx
  lipschitz-lens series checkpoints/
  lipschitz-lens check model.onnx --expect 1
  lipschitz-lens devices`,
    );

  const analyze = program
    .command('analyze')
    .summary('print an interval around the Lipschitz constant of every layer, and its stable rank')
    .description(
      'Prints, for every layer of each model, an interval that contains its Lipschitz constant (in the Euclidean norm), and its stable rank.',
    )
    .argument('<FILE...>', MODEL)
    .option(
      '--base <MODEL>',
      'the model that an adapter was made for: also print how large its updates are beside the weights',
    );
  addSettingOptions(analyze, FORMATS)
    .option('--per-group', 'also print each group of a grouped convolution')
    .option('--spectrum', 'also compute the singular values of every layer (table, json, markdown)')
    .option(
      '--no-run',
      'do not run the model to meet slopes of it, the lower end of the bound of the whole network',
    )
    .option('--fail-above <L>', "exit with 1 where a layer's upper bound is above L", parseBudget)
    .option(
      '--fail-network-above <L>',
      "exit with 1 where the whole network's upper bound (ONNX, L2) is above L, or none is known",
      parseBudget,
    )
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
--format sarif lists what is above --fail-above and --fail-network-above for code
scanning.
A table is coloured only on a terminal (FORCE_COLOR and NO_COLOR are respected).

${EXIT_HELP}

Examples:
  lipschitz-lens analyze model.onnx
  lipschitz-lens analyze model.safetensors --layers '*attn*' --per-group
  lipschitz-lens analyze model.onnx --layers '*conv1*' --spectrum --format json
  lipschitz-lens analyze adapter_model.safetensors --base model.safetensors.index.json
  lipschitz-lens analyze before.onnx after.onnx --format csv --output norms.csv
  lipschitz-lens analyze model.onnx --input-size 224x224 --padding circular
  lipschitz-lens analyze model.onnx --fail-above 1 --format json`,
    )
    .action(async (files: string[], options: AnalyzeOptions) =>
      end(await analyzeFiles(files, options, surroundings)),
    );

  const compare = program
    .command('compare')
    .summary('print how far each layer of one model is from its counterpart in another')
    .description(
      'Prints, for every layer of model A and its counterpart in B, both Lipschitz constants, their ratio, and an interval around the Lipschitz constant of the layer with the difference of their weights.',
    )
    .argument('<A>', MODEL)
    .argument('<B>', 'another one, of either format');
  addSettingOptions(compare, RESULT_FORMATS)
    .showHelpAfterError(
      `Usage: lipschitz-lens compare [options] A B
For example: lipschitz-lens compare before.onnx after.onnx
All options: lipschitz-lens compare --help`,
    )
    .addHelpText(
      'after',
      `
Layers are matched by the names of their weights or nodes, then by these names
without prefixes (module., _orig_mod., or what one file puts in the place of
another prefix), then by kind, shape and order where these leave one partner.
The result says how. --layers looks at the names in both models. The table begins
with the pair of the largest relative difference.

${COMPARISON_EXIT_HELP}

Examples:
  lipschitz-lens compare before.onnx after.onnx
  lipschitz-lens compare float32.onnx float16.safetensors --format csv --output moved.csv`,
    )
    .action(async (a: string, b: string, options: CompareOptions) =>
      end(await compareFiles(a, b, options, surroundings)),
    );

  const series = program
    .command('series')
    .summary('print the Lipschitz constants of one network over its checkpoints')
    .description(
      'Prints a table with a row for every layer of the first checkpoint and a column for every checkpoint, which holds the interval around its Lipschitz constant.',
    )
    .argument(
      '<CHECKPOINT...>',
      'the models in their order, or one folder: the .onnx and .safetensors files in it, step-2 before step-10',
    );
  addSettingOptions(series, RESULT_FORMATS)
    .showHelpAfterError(
      `Usage: lipschitz-lens series [options] CHECKPOINT...
For example: lipschitz-lens series checkpoints/
All options: lipschitz-lens series --help`,
    )
    .addHelpText(
      'after',
      `
Layers are matched with those of the first checkpoint, as compare does. A table
shows as many checkpoints as fit; the other formats hold all of them, --format json
their stable ranks, too.

${SERIES_EXIT_HELP}

Examples:
  lipschitz-lens series checkpoints/
  lipschitz-lens series run/checkpoint-500 run/checkpoint-1000 --format csv --output norms.csv`,
    )
    .action(async (paths: string[], options: SeriesOptions) =>
      end(await analyzeSeries(paths, options, surroundings)),
    );

  program
    .command('check')
    .summary('tell whether a whole network keeps to a Lipschitz constant')
    .description(
      'Tells whether the Lipschitz constant of a whole network (in the Euclidean norm, between every input and output) is shown to be at most what is expected.',
    )
    .argument('<FILE>', 'an .onnx file, or a folder that holds one')
    .option('--expect <L>', 'the constant that is expected', parseBudget, 1)
    .option('--tolerance <T>', 'how much more it may be, relative to it', parseTolerance, 1e-3)
    .addOption(
      new Option('--device <DEVICE>', 'where matrices are multiplied')
        .choices(DEVICE_CHOICES)
        .default('auto'),
    )
    .option(
      '--input-size <SIZE>',
      'spatial size of the input, such as 16000 or 224x224 (default: what the file says)',
      parseInputSize,
    )
    .addHelpText(
      'after',
      `
The exit code is 0 where it is shown, 1 where it is not, and else as of analyze.

Example:
  lipschitz-lens check model.onnx --expect 1`,
    )
    .action(async (file: string, options: CheckOptions) => end(await checkFile(file, options, surroundings)));

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
