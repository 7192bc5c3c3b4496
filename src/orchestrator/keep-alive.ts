/** Keeps the process alive while somebody waits or something runs, whatever timers and sockets that has of its own. */

export class KeepAlive {
  #holders = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @returns how to let go; letting go twice is the same as once. */
  hold(): () => void {
    this.#holders += 1;
    this.#timer ??= setInterval(() => {}, 2 ** 31 - 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }
}
