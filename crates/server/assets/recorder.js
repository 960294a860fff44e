// Records a voice as PCM and puts it into the form's field of files, as if it were chosen there. The page works without this file.
// The same file is loaded once more into the thread of the sound, where it only hands over what the microphone hears.
"use strict";
if (typeof registerProcessor === "function") {
  registerProcessor("munadi-recorder", class extends AudioWorkletProcessor {
    process(inputs) {
      const heard = inputs[0]?.[0];
      if (heard) this.port.postMessage(heard.slice());
      return true;
    }
  });
} else (() => {
  const own = document.currentScript.src;
  const group = document.querySelector("[data-recorder]");
  const field = group && document.getElementById(group.dataset.recorder);
  // Browsers record only on pages that came over HTTPS or from this machine.
  if (!field || !navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) return;
  group.hidden = false;

  const button = group.querySelector("[data-recorder-start] button");
  const label = button.querySelector(".m-btn__label");
  const said = group.querySelector("[data-recorder-said]");
  const heard = group.querySelector("[data-recorder-heard]");
  const longest = Number(group.dataset.longest);
  const words = label.textContent;
  let recording = null;

  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  // WAV of one channel with 16 bits: a head of 44 bytes, then the samples.
  function wav(pieces, rate) {
    const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const view = new DataView(new ArrayBuffer(44 + count * 2));
    const text = (at, letters) => [...letters].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
    text(0, "RIFF"); view.setUint32(4, 36 + count * 2, true); text(8, "WAVEfmt ");
    view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
    view.setUint32(24, rate, true); view.setUint32(28, rate * 2, true); view.setUint16(32, 2, true); view.setUint16(34, 16, true);
    text(36, "data"); view.setUint32(40, count * 2, true);
    let at = 44;
    for (const piece of pieces) for (const sample of piece) {
      view.setInt16(at, Math.max(-1, Math.min(1, sample)) * 32767, true);
      at += 2;
    }
    return new File([view], "recorded-here.wav", { type: "audio/wav" });
  }

  async function start() {
    let microphone = null;
    try {
      microphone = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false } });
      const context = new AudioContext();
      await context.audioWorklet.addModule(own);
      const node = new AudioWorkletNode(context, "munadi-recorder", { numberOfOutputs: 0 });
      const one = { microphone, context, pieces: [], samples: 0, told: 0 };
      node.port.onmessage = ({ data }) => {
        if (one !== recording) return;
        one.pieces.push(data);
        one.samples += data.length;
        const seconds = one.samples / context.sampleRate;
        if (seconds >= longest) return stop();
        if (Math.floor(seconds) > one.told || one.samples === data.length) {
          one.told = Math.floor(seconds);
          said.textContent = `Recording, ${clock(seconds)} of ${clock(longest)}.`;
        }
      };
      context.createMediaStreamSource(microphone).connect(node);
      recording = one;
      label.textContent = "Stop recording";
      group.classList.add("is-recording");
      heard.hidden = true;
    } catch (error) {
      microphone?.getTracks().forEach((track) => track.stop());
      said.textContent = error.name === "NotAllowedError"
        ? "The browser does not let this page use the microphone. Allow it in the address bar, or choose a file."
        : "No microphone could be used. Choose a file.";
    }
  }

  function stop() {
    const { microphone, context, pieces, samples } = recording;
    recording = null;
    microphone.getTracks().forEach((track) => track.stop());
    group.classList.remove("is-recording");
    label.textContent = "Record again";
    if (!samples) {
      said.textContent = "Nothing was recorded. Try again, or choose a file.";
    } else {
      const file = wav(pieces, context.sampleRate);
      const files = new DataTransfer();
      files.items.add(file);
      field.files = files.files;
      const old = heard.querySelector("audio");
      if (old) URL.revokeObjectURL(old.src);
      const player = Object.assign(document.createElement("audio"), { controls: true, className: "m-audio", src: URL.createObjectURL(file) });
      player.setAttribute("aria-label", "Listen to what was recorded");
      heard.replaceChildren(player);
      heard.hidden = false;
      said.textContent = `Recorded ${clock(samples / context.sampleRate)}. Listen to it, then keep it.`;
    }
    context.close();
  }

  // A file that is chosen takes the place of what was recorded.
  field.addEventListener("change", () => {
    heard.hidden = true;
    label.textContent = words;
    said.textContent = "The chosen file is kept.";
  });
  button.addEventListener("click", () => (recording ? stop() : start()));
})();
