/** The options that all commands share which analyse models. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { DeviceChoice, Method, PaddingChoice, Settings } from '../report/report';
import { DEVICE_CHOICES, METHODS, PADDING_CHOICES } from '../report/settings';
import { parseGlob, parseInputSize, parseIterations, parseTolerance } from './options';

/** As the command line's parser hands them over. */
export interface SettingOptions {
  readonly output?: string;
  readonly method: Method;
  readonly iterations?: number;
  readonly tolerance?: number;
  readonly inputSize?: readonly number[] | 'any';
  readonly padding?: PaddingChoice;
  readonly device: DeviceChoice;
  readonly layers?: string;
}

/** @param formats the first is the default */
export function addSettingOptions(command: Command, formats: readonly string[]): Command {
  return command
    .addOption(
      new Option('--format <FORMAT>', 'how the result is written').choices(formats).default(formats[0]),
    )
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
    .option('--layers <GLOB>', "only the layers whose name matches, such as '*attn*'", parseGlob);
}

export function settingsOf(options: SettingOptions): Settings {
  return {
    method: options.method,
    iterations: options.iterations ?? null,
    tolerance: options.tolerance ?? null,
    device: options.device,
    inputSize: options.inputSize ?? null,
    padding: options.padding ?? null,
  };
}

export function warnOfIdleOptions(
  { iterations, method }: SettingOptions,
  warn: (sentence: string) => void,
): void {
  if (iterations !== undefined && method !== 'gram') {
    warn('--iterations has no effect without --method gram');
  }
}
