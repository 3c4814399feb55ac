// Measures in the page: see painting.py. Evaluated once; leaves window.measure.
(() => {
  const { state } = window.rewis3d;
  const stage = document.querySelector(".stage");
  const measure = { switches: [] };
  let began = 0;
  let last = 0;
  let gaps = [];
  let ink = [];

  /** Run `then` when what is on the canvas now has been painted. */
  function afterPaint(then) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => then(performance.now());
      channel.port2.postMessage(0);
    });
  }

  function frame(now) {
    if (!began) return;
    if (last) gaps.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  }

  stage.addEventListener("pointermove", (event) => {
    if (began && event.buttons & 1) afterPaint((now) => ink.push(now - event.timeStamp));
  });

  document.addEventListener("keydown", (event) => {
    const wait = () => {
      if (state.shown !== state.selected) return requestAnimationFrame(wait);
      afterPaint((now) => measure.switches.push(now - event.timeStamp));
    };
    wait();
  });

  measure.begin = () => {
    [gaps, ink, last, began] = [[], [], 0, performance.now()];
    requestAnimationFrame(frame);
  };
  measure.elapsed = () => performance.now() - began;
  measure.end = () => {
    began = 0;
    return { gaps, ink };
  };
  window.measure = measure;
})();
