// Resolves once the canvas shows a dot at the place of every shopper on it; the worker draws a moment after a frame.
() =>
  new Promise((resolve) => {
    function look() {
      const canvas = document.querySelector('canvas.dots');
      const box = canvas.getBoundingClientRect();
      const pen = new OffscreenCanvas(box.width, box.height).getContext('2d', { willReadFrequently: true });
      pen.drawImage(canvas, 0, 0, box.width, box.height);
      const isOn = ({ x, y }) => x > box.left && x < box.right && y > box.top && y < box.bottom;
      const isDrawn = ({ x, y }) => pen.getImageData(x - box.left, y - box.top, 1, 1).data[3] === 255;
      const dots = window.__geoengage.dots().filter(isOn);
      if (dots.length && dots.every(isDrawn)) resolve(dots.length);
      else requestAnimationFrame(look);
    }
    look();
  });
