/** A session that only looks like one: it shows a scene, and nothing is behind it. For the gallery, in development. */
import type { RoomView } from "../../platform/room/room-view.ts";
import type { Session } from "../../platform/session/session.ts";
import type { Scene } from "./scene.ts";
import { Stage } from "./stubs/stage.ts";
import { BoardStub } from "./stubs/board.ts";
import { DeviceStub } from "./stubs/device.ts";
import { LibraryStub } from "./stubs/library.ts";
import { MessagesStub } from "./stubs/messages.ts";
import { NetworkStub } from "./stubs/network.ts";
import { NoticesStub } from "./stubs/notices.ts";
import { PeopleStub } from "./stubs/people.ts";
import { TransfersStub } from "./stubs/transfers.ts";

export class FakeSession implements Session {
  readonly room: RoomView;
  readonly people: PeopleStub;
  readonly library: LibraryStub;
  readonly board: BoardStub;
  readonly messages: MessagesStub;
  readonly transfers: TransfersStub;
  readonly notices: NoticesStub;
  readonly device: DeviceStub;
  readonly network: NetworkStub;
  readonly #stage: Stage<Scene>;

  constructor(scene: Scene) {
    const stage = (this.#stage = new Stage(scene));
    this.room = scene.room;
    this.people = new PeopleStub(stage);
    this.library = new LibraryStub(stage, this.people, scene.room);
    this.board = new BoardStub(stage, this.people);
    this.messages = new MessagesStub(stage);
    this.transfers = new TransfersStub(stage);
    this.notices = new NoticesStub(stage);
    this.device = new DeviceStub(stage);
    this.network = new NetworkStub(stage);
  }

  subscribe(listener: () => void): () => void {
    return this.#stage.subscribe(listener);
  }
  close(): void {}
}
