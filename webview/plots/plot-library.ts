/** What the plots use of Observable Plot: a bundle of its own, which the page loads when it is idle. */
export { dot, line, link, plot, pointer, rect, ruleY, tip } from '@observablehq/plot';
