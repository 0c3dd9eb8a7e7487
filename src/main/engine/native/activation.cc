// What follows a convolution: bias, residual and activation in one pass over memory, and the way back.
#include "activation.h"

#include <algorithm>
#include <cstring>

#include "kernel.h"
#include "parallel.h"

namespace fcos {

namespace {

constexpr int kNone = 0, kRelu = 1, kRelu6 = 2;
// A row range smaller than this many floats is done faster by one thread.
constexpr int64_t kGrain = 32768;

template <int Activation>
inline float activate(float value) {
  if (Activation == kNone) return value;
  const float positive = value > 0 ? value : 0;
  return Activation == kRelu6 && positive > 6 ? 6 : positive;
}

template <int Activation, bool Residual>
void biasActivation(Matrix x, const float* bias, const float* residual) {
  parallelFor(x.rows, std::max<int64_t>(1, kGrain / x.columns), [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      float* __restrict y = x.data + row * x.columns;
      const float* __restrict r = Residual ? residual + row * x.columns : nullptr;
      for (int64_t c = 0; c < x.columns; ++c) y[c] = activate<Activation>(y[c] + bias[c] + (Residual ? r[c] : 0));
    }
  });
}

template <bool Residual>
void biasActivation(Matrix x, const float* bias, const float* residual, int activation) {
  if (activation == kRelu) return biasActivation<kRelu, Residual>(x, bias, residual);
  if (activation == kRelu6) return biasActivation<kRelu6, Residual>(x, bias, residual);
  biasActivation<kNone, Residual>(x, bias, residual);
}

// y = act(x + bias), in place on x.
void computeBiasActivation(Call& call, int activation) {
  biasActivation<false>(call.inPlace(0, 0), call.input(1).data, nullptr, activation);
}

// y = act(x + bias + residual), in place on x.
void computeBiasResidualActivation(Call& call, int activation) {
  biasActivation<true>(call.inPlace(0, 0), call.input(1).data, call.input(2).data, activation);
}

template <int Activation>
void activationGrad(Matrix dy, const float* y, float* dbias) {
  const int64_t channels = dy.columns;
  const int threads = ThreadPool::shared().size();
  std::vector<double> partial(static_cast<size_t>(threads) * channels, 0.0);
  parallelFor(dy.rows, std::max<int64_t>(1, kGrain / channels), [&](int64_t begin, int64_t end, int part) {
    // Sums run in float over short blocks and in double over blocks, so that long columns lose no digits.
    constexpr int64_t kBlock = 64;
    std::vector<float> block(channels);
    double* total = partial.data() + static_cast<size_t>(part) * channels;
    for (int64_t first = begin; first < end; first += kBlock) {
      std::fill(block.begin(), block.end(), 0.0f);
      float* __restrict sum = block.data();
      for (int64_t row = first; row < std::min(end, first + kBlock); ++row) {
        float* __restrict d = dy.data + row * channels;
        const float* __restrict out = y + row * channels;
        for (int64_t c = 0; c < channels; ++c) {
          const bool passes = Activation == kNone || (out[c] > 0 && (Activation == kRelu || out[c] < 6));
          d[c] = passes ? d[c] : 0;
          sum[c] += d[c];
        }
      }
      for (int64_t c = 0; c < channels; ++c) total[c] += sum[c];
    }
  });
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    for (int part = 0; part < threads; ++part) sum += partial[static_cast<size_t>(part) * channels + c];
    dbias[c] = static_cast<float>(sum);
  }
}

// dx = dy where the activation passes, in place on dy; dbias = its sum over rows.
void computeActivationGrad(Call& call, int activation) {
  const Matrix dy = call.inPlace(0, 0);
  const float* y = call.input(1).data;
  float* dbias = call.allocate(1, {dy.columns}).data;
  if (activation == kRelu) return activationGrad<kRelu>(dy, y, dbias);
  if (activation == kRelu6) return activationGrad<kRelu6>(dy, y, dbias);
  activationGrad<kNone>(dy, y, dbias);
}

// a = α·a + β·b, in place; coefficients = [α, β]. Sums of gradients, moments, moving averages and steps are all of this kind.
void computeBlend(Call& call, int) {
  const Matrix a = call.inPlace(0, 0);
  const float* b = call.input(1).data;
  const float* coefficients = call.input(2).data;
  const float alpha = coefficients[0], beta = coefficients[1];
  parallelFor(a.size(), kGrain, [&](int64_t begin, int64_t end, int) {
    float* __restrict target = a.data;
    for (int64_t i = begin; i < end; ++i) target[i] = alpha * target[i] + beta * b[i];
  });
}

// lateral[n, i, j] += top[n, i/2, j/2]: FPN's top-down step, in place on lateral.
void computeUpsampleAdd(Call& call, int) {
  const Matrix lateral = call.inPlace(0, 0);
  const Matrix top = call.input(1);
  const int64_t width = call.inputDimension(0, 2), channels = lateral.columns;
  const int64_t topWidth = call.inputDimension(1, 2);
  // Heights are even multiples, so image n's row i/2 is row (n·height + i)/2 of all images' rows together.
  parallelFor(lateral.rows / width, std::max<int64_t>(1, kGrain / (width * channels)), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        float* __restrict to = lateral.data + (i * width + j) * channels;
        const float* __restrict from = top.data + ((i / 2) * topWidth + j / 2) * channels;
        for (int64_t c = 0; c < channels; ++c) to[c] += from[c];
      }
    }
  });
}

// The gradient of that step for top: sums of 2×2 cells.
void computeUpsampleGrad(Call& call, int) {
  const Matrix dy = call.input(0);
  const int64_t images = call.inputDimension(0, 0), height = call.inputDimension(0, 1) / 2;
  const int64_t width = call.inputDimension(0, 2) / 2, channels = dy.columns;
  const Matrix dtop = call.allocate(0, {images, height, width, channels});
  parallelFor(images * height, std::max<int64_t>(1, kGrain / (width * channels)), [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const float* upper = dy.data + (2 * i) * (2 * width) * channels;
      const float* lower = upper + 2 * width * channels;
      for (int64_t j = 0; j < width; ++j) {
        float* __restrict to = dtop.data + (i * width + j) * channels;
        const float* __restrict a = upper + 2 * j * channels;
        const float* __restrict b = lower + 2 * j * channels;
        for (int64_t c = 0; c < channels; ++c) to[c] = (a[c] + a[channels + c]) + (b[c] + b[channels + c]);
      }
    }
  });
}

}  // namespace

void registerActivations() {
  registerOperation("FcosBiasActivation", {"x", "bias"}, {"y"}, "activation", &computeBiasActivation);
  registerOperation("FcosBiasResidualActivation", {"x", "bias", "residual"}, {"y"}, "activation",
                    &computeBiasResidualActivation);
  registerOperation("FcosActivationGrad", {"dy", "y"}, {"dx", "dbias"}, "activation", &computeActivationGrad);
  registerOperation("FcosBlend", {"a", "b", "coefficients"}, {"sum"}, nullptr, &computeBlend);
  registerOperation("FcosUpsampleAdd", {"lateral", "top"}, {"sum"}, nullptr, &computeUpsampleAdd);
  registerOperation("FcosUpsampleGrad", {"dy"}, {"dtop"}, nullptr, &computeUpsampleGrad);
}

}  // namespace fcos
