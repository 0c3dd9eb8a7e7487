// The filter gradient of a depthwise convolution, which TensorFlow's own CPU kernel computes several times slower.
//
// x [N,H,W,C], dy [N,H',W',C] → dfilter [k,k,C,1]: dfilter[i,j,c] = Σ x[n, y·s + i − top, x·s + j − left, c] · dy[n,y,x,c].
#include "depthwise.h"

#include <algorithm>

#include "kernel.h"
#include "parallel.h"

namespace fcos {

namespace {

// Channels that are summed up together: a 5×5 filter's sums over them stay in the first-level cache, and long enough
// runs of them are read for the memory to keep up.
constexpr int64_t kBlock = 128;

struct Image {
  const float* data;
  int64_t height, width, channels;
};

struct Filter {
  int64_t size, stride, top, left;
};

// Adds one row of dy, channels [first, first + count), to sums [k·k, kBlock].
void addRow(Image x, Image dy, int64_t row, Filter filter, int64_t first, int64_t count, float* sums) {
  for (int64_t i = 0; i < filter.size; ++i) {
    const int64_t inputRow = row * filter.stride + i - filter.top;
    if (inputRow < 0 || inputRow >= x.height) continue;
    for (int64_t column = 0; column < dy.width; ++column) {
      const float* __restrict d = dy.data + (row * dy.width + column) * dy.channels + first;
      for (int64_t j = 0; j < filter.size; ++j) {
        const int64_t inputColumn = column * filter.stride + j - filter.left;
        if (inputColumn < 0 || inputColumn >= x.width) continue;
        const float* __restrict v = x.data + (inputRow * x.width + inputColumn) * x.channels + first;
        float* __restrict sum = sums + (i * filter.size + j) * kBlock;
        for (int64_t c = 0; c < count; ++c) sum[c] += v[c] * d[c];
      }
    }
  }
}

// geometry = [filter size, stride, padding above, padding to the left].
void computeFilterGrad(Call& call, int) {
  const float* geometry = call.input(2).data;
  const Filter filter = {static_cast<int64_t>(geometry[0]), static_cast<int64_t>(geometry[1]),
                         static_cast<int64_t>(geometry[2]), static_cast<int64_t>(geometry[3])};
  const auto imageOf = [&](int index, int64_t n) {
    const Matrix all = call.input(index);
    const int64_t height = call.inputDimension(index, 1), width = call.inputDimension(index, 2);
    return Image{all.data + n * height * width * all.columns, height, width, all.columns};
  };
  const int64_t images = call.inputDimension(0, 0), channels = call.input(0).columns;
  const int64_t rows = call.inputDimension(1, 1), cells = filter.size * filter.size;
  const Matrix result = call.allocate(0, {filter.size, filter.size, channels, 1});

  const int threads = ThreadPool::shared().size();
  std::vector<float> partial(static_cast<size_t>(threads) * cells * channels, 0.0f);
  parallelFor(images * rows, 1, [&](int64_t begin, int64_t end, int part) {
    std::vector<float> sums(cells * kBlock);
    for (int64_t first = 0; first < channels; first += kBlock) {
      const int64_t count = std::min(kBlock, channels - first);
      std::fill(sums.begin(), sums.end(), 0.0f);
      for (int64_t row = begin; row < end; ++row) {
        addRow(imageOf(0, row / rows), imageOf(1, row / rows), row % rows, filter, first, count, sums.data());
      }
      float* to = partial.data() + static_cast<size_t>(part) * cells * channels + first;
      for (int64_t cell = 0; cell < cells; ++cell) std::copy_n(sums.data() + cell * kBlock, count, to + cell * channels);
    }
  });
  for (int64_t i = 0; i < cells * channels; ++i) {
    double sum = 0;
    for (int part = 0; part < threads; ++part) sum += partial[static_cast<size_t>(part) * cells * channels + i];
    result.data[i] = static_cast<float>(sum);
  }
}

}  // namespace

void registerDepthwise() {
  registerOperation("FcosDepthwiseFilterGrad", {"x", "dy", "geometry"}, {"dfilter"}, nullptr, &computeFilterGrad);
}

}  // namespace fcos
