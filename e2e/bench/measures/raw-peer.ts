/** One end of a raw data channel between two processes: bench/peer.ts forks it twice. Arguments: its role, and bytes. */
import { cleanup, PeerConnection, type DataChannel, type DescriptionType } from "node-datachannel";

const MESSAGE_BYTES = 65_536;
const HIGH_WATER_BYTES = 256 * 1024;
const LOW_WATER_BYTES = 128 * 1024;

type Signal = readonly [sdp: string, type: DescriptionType] | readonly [candidate: string, mid: string, true];

const [role, length] = process.argv.slice(2);
const total = Number(length);
const connection = new PeerConnection(role!, { iceServers: [] });

const end = (): void => {
  connection.close();
  process.disconnect();
  cleanup();
};

const send = (channel: DataChannel): void => {
  const message = Buffer.alloc(MESSAGE_BYTES, 7);
  let sent = 0;
  const fill = (): void => {
    while (sent < total && channel.bufferedAmount() < HIGH_WATER_BYTES) {
      channel.sendMessageBinary(message);
      sent += MESSAGE_BYTES;
    }
  };
  channel.setBufferedAmountLowThreshold(LOW_WATER_BYTES);
  channel.onBufferedAmountLow(fill);
  channel.onClosed(end);
  channel.onOpen(fill);
};

const receive = (channel: DataChannel): void => {
  let received = 0;
  let began = 0;
  channel.onMessage((message) => {
    began ||= performance.now();
    received += typeof message === "string" ? 0 : message.byteLength;
    if (received < total) return;
    process.send!({ seconds: (performance.now() - began) / 1000 });
    channel.close();
    end();
  });
};

process.on("message", (signal: Signal) => {
  if (signal.length === 3) connection.addRemoteCandidate(signal[0], signal[1]);
  else connection.setRemoteDescription(signal[0], signal[1]);
});
connection.onLocalDescription((sdp, type) => process.send!([sdp, type]));
connection.onLocalCandidate((candidate, mid) => process.send!([candidate, mid, true]));
if (role === "send") send(connection.createDataChannel("raw"));
else connection.onDataChannel(receive);
