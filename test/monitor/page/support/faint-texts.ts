/** Whether texts can be read. */

/** Runs in the page. @returns texts with less contrast than 4.5 : 1 to the nearest ground behind them. */
export function faintTexts(): string[] {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (colour: string): number[] => {
    if (!context) return [];
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour: number[]) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, index) => {
      const part = (colour[index] ?? 0) / 255;
      return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    }, 0);
  const groundOf = (element: Element): number[] => {
    for (let at: Element | null = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgb(getComputedStyle(document.documentElement).backgroundColor);
  };
  const faint: string[] = [];
  for (const element of document.querySelectorAll('body *:not(svg *)')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
    if (!hasText || !(element as HTMLElement).checkVisibility?.()) continue;
    const [one = 0, other = 0] = [light(rgb(getComputedStyle(element).color)), light(groundOf(element))].sort(
      (a, b) => b - a,
    );
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5)
      faint.push(`${element.className || element.tagName} ${contrast.toFixed(2)} ${element.textContent?.slice(0, 30)}`);
  }
  return faint;
}
