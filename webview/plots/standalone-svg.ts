/** A plot as a file of its own. */

const NAMESPACE = 'http://www.w3.org/2000/svg';
/** What a picture needs of the page's styles to look the same elsewhere. */
const PROPERTIES = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'font-family',
  'font-size',
  'text-anchor',
];

/** The text of an SVG file: colours and fonts resolved, on the background that the plot has on the page. */
export function standaloneSvg(plot: SVGSVGElement, title: string, description: string): string {
  const copy = plot.cloneNode(true) as SVGSVGElement;
  const originals = [plot, ...plot.querySelectorAll('*')];
  [copy, ...copy.querySelectorAll('*')].forEach((element, index) => {
    const style = getComputedStyle(originals[index]);
    for (const property of PROPERTIES) element.setAttribute(property, style.getPropertyValue(property));
    element.removeAttribute('style');
    element.removeAttribute('class');
  });
  copy.removeAttribute('aria-hidden');
  copy.setAttribute('xmlns', NAMESPACE);
  const add = (name: string, attributes: Readonly<Record<string, string>>, text = '') => {
    const element = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.textContent = text;
    copy.prepend(element);
  };
  const background = getComputedStyle(document.body).backgroundColor;
  add('rect', { width: '100%', height: '100%', fill: background });
  add('desc', {}, description);
  add('title', {}, title);
  return new XMLSerializer().serializeToString(copy);
}
