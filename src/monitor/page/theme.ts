/** Light or dark: as the system has it, unless the person says otherwise. */

import { byId, setAttribute, setText } from './dom.js';

const KEY = 'troupe-monitor-theme';
const CHOICES = ['system', 'light', 'dark'] as const;
type Choice = (typeof CHOICES)[number];
const NAMES: Readonly<Record<Choice, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

/** @param onChange Called when the colours have changed. */
export function startTheme(onChange: () => void): void {
  const button = byId('theme', HTMLButtonElement);
  let choice = stored();
  const apply = () => {
    setAttribute(document.documentElement, 'data-theme', choice === 'system' ? undefined : choice);
    setText(button, `◐ ${NAMES[choice]}`);
    setAttribute(button, 'aria-label', `Theme: ${NAMES[choice]}`);
    onChange();
  };
  button.addEventListener('click', () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? 'system';
    localStorage.setItem(KEY, choice);
    apply();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', apply);
  apply();
}

function stored(): Choice {
  const kept = localStorage.getItem(KEY);
  return CHOICES.find((choice) => choice === kept) ?? 'system';
}
