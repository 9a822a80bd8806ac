/**
 * The seed of the property tests: the same in every run, so that a change alone decides whether they pass. PROPERTY_SEED
 * holds another one, or `random` to look for cases that nobody has seen; a failure prints its seed.
 */
import fc from 'fast-check';

const { PROPERTY_SEED = '20240116' } = process.env;

fc.configureGlobal(PROPERTY_SEED === 'random' ? {} : { seed: Number(PROPERTY_SEED) });
