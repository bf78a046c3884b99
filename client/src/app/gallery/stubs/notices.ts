import type { Notices, NoticeView } from "../../../platform/session/notices.ts";
import type { Stage } from "../scene.ts";

export interface NoticesFacts {
  readonly notices: readonly NoticeView[];
}

export class NoticesStub implements Notices {
  readonly #stage: Stage<NoticesFacts>;

  constructor(stage: Stage<NoticesFacts>) {
    this.#stage = stage;
  }

  get all() {
    return this.#stage.now.notices;
  }

  dismiss(id: number): void {
    this.#stage.change({ notices: this.all.filter((notice) => notice.id !== id) });
  }
}
