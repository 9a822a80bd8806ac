/**
 * Layers and networks above a budget as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), the format that code
 * scanning reads.
 */
import { networkOverBudget, overBudget } from './budget';
import type { OverBudget } from './budget';
import { formatJson } from './json';
import { formatInterval, formatPowerOfTen } from './numbers';
import type { LayerReport, NetworkReport, Report, SkippedReport } from './report';
import { displayName } from './text';
import { formatScope, plural } from './wording';

export interface SarifOptions {
  /** Of this program. */
  readonly version: string;
  /** The layers' upper bounds are held against it; null: no result is made. */
  readonly limit: number | null;
  /** The same for the bounds of whole networks, in L2. */
  readonly networkLimit: number | null;
  /** The URI of a model's path, relative to the root of the repository where the path is. */
  readonly uriOf: (path: string) => string;
  /** Sentences about files without a report. */
  readonly refusals: readonly string[];
}

const LAYER_BUDGET = 'layer-budget';
const NETWORK_BUDGET = 'network-budget';

const RULES = [
  {
    id: LAYER_BUDGET,
    name: 'LayerBudget',
    shortDescription: { text: "A layer's Lipschitz constant may exceed the budget" },
    fullDescription: {
      text: "The upper bound of a layer's Lipschitz constant is above the budget. It is an error where the lower bound is above it, too: then the layer exceeds it for certain.",
    },
    help: {
      text: 'Constrain or rescale the weights of the layer, or raise the budget that is given with --fail-above.',
    },
    defaultConfiguration: { level: 'warning' },
  },
  {
    id: NETWORK_BUDGET,
    name: 'NetworkBudget',
    shortDescription: { text: "A network's Lipschitz constant may exceed the budget" },
    fullDescription: {
      text: 'The upper bound of the Lipschitz constant between an input and an output of the network is above the budget, or no bound on all inputs is known. The bound may be far above the constant.',
    },
    help: {
      text: 'Constrain the layers that multiply the bound most, replace the nodes without a constant, or raise the budget that is given with --fail-network-above.',
    },
    defaultConfiguration: { level: 'warning' },
  },
];

const FAILED_LAYER = 'failed-layer';
const SKIPPED = 'skipped';
const REFUSED_FILE = 'refused-file';

const NOTIFICATIONS = [
  { id: FAILED_LAYER, shortDescription: { text: 'No bound could be given for a layer' } },
  { id: SKIPPED, shortDescription: { text: 'Something with weights is not among the layers' } },
  { id: REFUSED_FILE, shortDescription: { text: 'A file could not be analysed' } },
];

type Level = 'error' | 'warning' | 'note';

/** One run for all reports. Failed and skipped layers, which no budget judges, are notifications of the tool. */
export function formatSarif(reports: readonly Report[], options: SarifOptions): string {
  const { version, limit, networkLimit, uriOf, refusals } = options;
  const place = ({ model }: Report, name: string) => [locationOf(uriOf(model.path), name)];
  const ofLayers =
    limit === null
      ? []
      : reports.flatMap((report) =>
          overBudget(report, limit).map((exceeding) => ({
            ...resultOf(exceeding, limit),
            locations: place(report, exceeding.layer.name),
          })),
        );
  const ofNetworks =
    networkLimit === null
      ? []
      : reports.flatMap(({ model, network }) =>
          network === null ? [] : networkResults(network, networkLimit, uriOf(model.path)),
        );
  const notifications = reports.flatMap((report) => [
    ...report.layers
      .filter(({ error }) => error !== null)
      .map((layer) => ({ ...failureOf(layer), locations: place(report, layer.name) })),
    ...report.skipped.map((skipped) => ({ ...omissionOf(skipped), locations: place(report, skipped.name) })),
  ]);
  const succeeded = refusals.length === 0 && reports.every(({ cancelled }) => cancelled === undefined);
  return formatJson({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'Lipschitz Lens',
            version,
            semanticVersion: version,
            rules: RULES,
            notifications: NOTIFICATIONS,
          },
        },
        invocations: [
          {
            executionSuccessful: succeeded,
            toolExecutionNotifications: [
              ...refusals.map((sentence) => notification(REFUSED_FILE, 'error', plain(sentence))),
              ...notifications,
            ],
          },
        ],
        results: [...ofLayers, ...ofNetworks],
        columnKind: 'utf16CodeUnits',
      },
    ],
  });
}

function resultOf({ layer, certainly }: OverBudget, limit: number) {
  const { name, op, weight, lipschitz } = layer;
  const { lower, upper, certainty, scope } = lipschitz;
  const known = `${formatInterval(lipschitz)} (${certainty}, for ${formatScope(lipschitz) === 'any' ? scope : `inputs of size ${formatScope(lipschitz)}`})`;
  return {
    ruleId: LAYER_BUDGET,
    ruleIndex: ruleIndex(LAYER_BUDGET),
    level: certainly ? 'error' : 'warning',
    message: {
      text: `Layer ${plain(displayName(name))} ${certainly ? 'exceeds' : 'may exceed'} the budget of ${limit}: its Lipschitz constant is ${known}.`,
    },
    // What tells the same finding in the next run: the budget and the numbers may change, the layer does not.
    partialFingerprints: { 'layerName/v1': name },
    properties: { operator: op, weight, lower, upper, certainty, scope, budget: limit },
  };
}

/** Nodes that are named as what a bound lacks. */
const MOST_NODES = 5;

/** One result, of the worst bound, where some are above the budget. */
function networkResults(network: NetworkReport, limit: number, uri: string) {
  const [worst, ...others] = networkOverBudget(network, limit);
  if (worst === undefined) return [];
  const { input, output, upper, log10Upper, certainty, domain, limits } = worst;
  const names = limits.slice(0, MOST_NODES).map((name) => plain(displayName(name)));
  const because =
    names.length > 0 ? ` because of ${names.join(', ')}${limits.length > names.length ? ', ..' : ''}` : '';
  const known =
    log10Upper === null || domain !== null
      ? `no bound on all inputs is known${because}`
      : `its upper bound is ${formatPowerOfTen(log10Upper)} (${certainty})`;
  const sizes = network.isAssumed
    ? `, for inputs of the sizes ${plain(displayName(network.scope))} only`
    : '';
  const rest = others.length > 0 ? ` So does that between ${plural(others.length, 'other pair')}.` : '';
  const pair = `${input} -> ${output}`;
  return [
    {
      ruleId: NETWORK_BUDGET,
      ruleIndex: ruleIndex(NETWORK_BUDGET),
      level: 'warning',
      message: {
        text: `The Lipschitz constant of the network from ${plain(displayName(input))} to ${plain(displayName(output))} may exceed the budget of ${limit}: ${known}${sizes}.${rest}`,
      },
      // Another pair may be the worst in the next run: it is the same finding.
      partialFingerprints: { 'network/v1': 'L2' },
      properties: { input, output, upper, log10Upper, certainty, domain, budget: limit },
      locations: [locationOf(uri, pair, 'network')],
    },
  ];
}

function ruleIndex(id: string): number {
  return RULES.findIndex((rule) => rule.id === id);
}

function failureOf({ name, error }: LayerReport) {
  return notification(FAILED_LAYER, 'error', `Layer ${plain(displayName(name))}: ${plain(error ?? '')}`);
}

function omissionOf({ name, op, reason }: SkippedReport) {
  return notification(SKIPPED, 'note', `${plain(displayName(name))} (${plain(op)}): ${plain(reason)}`);
}

function notification(id: string, level: Level, text: string) {
  const index = NOTIFICATIONS.findIndex((known) => known.id === id);
  return { descriptor: { id, index }, level, message: { text } };
}

function locationOf(uri: string, name: string, kind: 'layer' | 'network' = 'layer') {
  return {
    // Models have no lines, but code scanning shows nothing without one.
    physicalLocation: { artifactLocation: { uri }, region: { startLine: 1 } },
    logicalLocations: [{ name: displayName(name), fullyQualifiedName: name, kind }],
  };
}

/** Text that is neither a placeholder (section 3.11.5) nor a link (3.11.6). */
function plain(text: string): string {
  return text.replace(/[\\[\]]/g, '\\$&').replace(/[{}]/g, '$&$&');
}
