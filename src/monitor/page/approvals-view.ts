/** The calls of the chosen subagent that wait for a yes or a no, each in a box of its own that stays as long as it waits. */

import type { OpenRequest, Row } from '../protocol.js';
import type { Controls } from './controls.js';
import { byId, el } from './dom.js';
import { clock } from './format.js';
import { icon } from './icons.js';

export class ApprovalsView {
  readonly #root = byId('approvals', HTMLElement);
  readonly #controls: Controls;
  readonly #next: HTMLElement;
  /** By request. */
  readonly #boxes = new Map<string, HTMLElement>();
  #shown = '';

  /** @param next Gets the keys when the last box that had them is gone. */
  constructor(controls: Controls, next: HTMLElement) {
    this.#controls = controls;
    this.#next = next;
  }

  /** @param mayAnswer Of a run that goes on. */
  show({ id, requests }: Row, mayAnswer: boolean): void {
    const whose = `${id} ${mayAnswer}`;
    if (whose !== this.#shown) this.#clear();
    this.#shown = whose;
    const open = new Set(requests.map(({ requestId }) => requestId));
    let hadFocus = false;
    for (const [requestId, box] of this.#boxes) {
      if (open.has(requestId)) continue;
      hadFocus ||= box.contains(document.activeElement);
      box.remove();
      this.#boxes.delete(requestId);
    }
    for (const request of requests) {
      if (this.#boxes.has(request.requestId)) continue; // what a person writes there stays
      const box = this.#boxOf(id, request, mayAnswer);
      this.#boxes.set(request.requestId, box);
      this.#root.append(box);
    }
    if (hadFocus) (this.#root.querySelector('button') ?? this.#next).focus();
  }

  #clear(): void {
    this.#boxes.clear();
    this.#root.replaceChildren();
  }

  #boxOf(id: string, request: OpenRequest, mayAnswer: boolean): HTMLElement {
    const { requestId, toolName, args, rule, preview, expiresAt } = request;
    const why = [rule && `rule ${rule}`, expiresAt && `open until ${clock(expiresAt)}`].filter(Boolean).join(' · ');
    const box = el(
      'section',
      { class: 'approval', 'aria-label': `Approval of ${toolName}` },
      el('h3', {}, el('span', { class: 'sign' }, icon('asking')), `May it call ${toolName}?`, el('small', {}, why)),
      ...(preview === undefined ? [] : [el('p', {}, preview)]),
      el('pre', { tabindex: 0, 'aria-label': 'Arguments' }, args),
    );
    if (!mayAnswer) return box;
    const reason = el('input', { type: 'text', placeholder: 'Reason for a no', 'aria-label': 'Reason for a no' });
    const allow = el('button', { type: 'button', class: 'primary' }, 'Approve');
    const deny = el('button', { type: 'button', class: 'danger' }, 'Deny');
    allow.addEventListener('click', () => void this.#controls.send({ action: 'approve', id, requestId }));
    deny.addEventListener('click', () => {
      const given = reason.value.trim();
      void this.#controls.send({ action: 'deny', id, requestId, ...(given ? { reason: given } : {}) });
    });
    box.append(el('div', { class: 'answer' }, allow, deny, reason));
    return box;
  }
}
