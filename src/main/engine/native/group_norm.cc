// GroupNorm followed by ReLU, with the bias of the convolution before it folded in (Wu and He 2018; eps 1e-5).
//
// N images, R locations per image, C channels in G groups of C/G. x [N,H,W,C] is the convolution without its bias b.
// Per image: v = x + b; mean and variance of v over a group's R·C/G values (biased variance); x̂ = (v − mean)/σ;
// y = relu(γ·x̂ + β).
#include "group_norm.h"

#include <algorithm>
#include <cmath>

#include "kernel.h"
#include "parallel.h"

namespace fcos {

namespace {

constexpr double kEpsilon = 1e-5;
constexpr int64_t kBlock = 64;
constexpr int64_t kGrainRows = 64;

// Rows of the saved statistics, per image and channel: y = relu(scale·x + shift), x̂ = rstd·x + offset, Σx̂ over locations.
enum Statistic { kScale, kShift, kRstd, kOffset, kSum, kStatistics };

// Column sums of two per-element quantities in double, in float within blocks of rows.
template <typename Visit>
void columnSums(int64_t rows, int64_t columns, double* first, double* second, const Visit& visit) {
  const int threads = ThreadPool::shared().size();
  std::vector<double> partial(static_cast<size_t>(threads) * columns * 2, 0.0);
  parallelFor(rows, kGrainRows, [&](int64_t begin, int64_t end, int part) {
    std::vector<float> block(2 * columns);
    double* total = partial.data() + static_cast<size_t>(part) * columns * 2;
    for (int64_t from = begin; from < end; from += kBlock) {
      std::fill(block.begin(), block.end(), 0.0f);
      for (int64_t row = from; row < std::min(end, from + kBlock); ++row) visit(row, block.data(), block.data() + columns);
      for (int64_t c = 0; c < 2 * columns; ++c) total[c] += block[c];
    }
  });
  for (int64_t c = 0; c < columns; ++c) {
    first[c] = second[c] = 0;
    for (int part = 0; part < threads; ++part) {
      first[c] += partial[static_cast<size_t>(part) * columns * 2 + c];
      second[c] += partial[static_cast<size_t>(part) * columns * 2 + columns + c];
    }
  }
}

// Writes the statistics of one image [R, C].
void statisticsOf(const float* x, int64_t rows, int64_t channels, int groups, const float* bias, const float* gamma,
                  const float* beta, float* statistics) {
  std::vector<double> sum(channels), squares(channels);
  columnSums(rows, channels, sum.data(), squares.data(), [&](int64_t row, float* s, float* q) {
    const float* __restrict v = x + row * channels;
    float* __restrict sums = s;
    float* __restrict square = q;
    for (int64_t c = 0; c < channels; ++c) {
      const float value = v[c] + bias[c];
      sums[c] += value;
      square[c] += value * value;
    }
  });
  const int64_t width = channels / groups;
  for (int group = 0; group < groups; ++group) {
    double total = 0, totalSquares = 0;
    for (int64_t c = group * width; c < (group + 1) * width; ++c) {
      total += sum[c];
      totalSquares += squares[c];
    }
    const double count = static_cast<double>(rows) * width;
    const double mean = total / count;
    const double rstd = 1 / std::sqrt(std::max(0.0, totalSquares / count - mean * mean) + kEpsilon);
    for (int64_t c = group * width; c < (group + 1) * width; ++c) {
      const double offset = (bias[c] - mean) * rstd;
      statistics[kScale * channels + c] = static_cast<float>(gamma[c] * rstd);
      statistics[kShift * channels + c] = static_cast<float>(gamma[c] * offset + beta[c]);
      statistics[kRstd * channels + c] = static_cast<float>(rstd);
      statistics[kOffset * channels + c] = static_cast<float>(offset);
      statistics[kSum * channels + c] = static_cast<float>((sum[c] - rows * mean) * rstd);
    }
  }
}

void normalise(const float* x, float* y, int64_t rows, int64_t channels, const float* statistics) {
  const float* scale = statistics + kScale * channels;
  const float* shift = statistics + kShift * channels;
  parallelFor(rows, kGrainRows, [&](int64_t begin, int64_t end, int) {
    for (int64_t row = begin; row < end; ++row) {
      // x and y may be the same buffer: element i is read before it is written.
      const float* from = x + row * channels;
      float* to = y + row * channels;
#pragma GCC ivdep
      for (int64_t c = 0; c < channels; ++c) {
        const float value = scale[c] * from[c] + shift[c];
        to[c] = value > 0 ? value : 0;
      }
    }
  });
}

void forward(Call& call, int groups, Matrix x, Matrix y, Matrix statistics) {
  const int64_t images = call.inputDimension(0, 0), channels = x.columns, rows = x.rows / images;
  for (int64_t n = 0; n < images; ++n) {
    float* of = statistics.data + n * kStatistics * channels;
    statisticsOf(x.data + n * rows * channels, rows, channels, groups, call.input(1).data, call.input(2).data,
                 call.input(3).data, of);
    normalise(x.data + n * rows * channels, y.data + n * rows * channels, rows, channels, of);
  }
}

// For inference: in place on x. The statistics are written too, since an operation's outputs are fixed; they are small.
void computeInPlace(Call& call, int groups) {
  const Matrix x = call.inPlace(0, 0);
  forward(call, groups, x, x, call.allocate(1, {call.inputDimension(0, 0), kStatistics, x.columns}));
}

// For training: x stays, since the way back needs it.
void computeTraining(Call& call, int groups) {
  const Matrix x = call.input(0);
  forward(call, groups, x, call.allocateLike(0, 0), call.allocate(1, {call.inputDimension(0, 0), kStatistics, x.columns}));
}

// In: dy (given up: dx takes its place), x, statistics, γ. Out: dx, dγ, dβ, and db of the folded convolution bias.
// With d = dy where y > 0, A = Σ_group γ·Σd, B = Σ_group γ·Σd·x̂, n values in a group: dx = (γ·d − A/n − x̂·B/n)/σ.
void computeGrad(Call& call, int groups) {
  const Matrix dy = call.inPlace(0, 0);
  const Matrix x = call.input(1), statistics = call.input(2);
  const float* gamma = call.input(3).data;
  const int64_t images = call.inputDimension(0, 0), channels = dy.columns, rows = dy.rows / images;
  float* dgamma = call.allocate(1, {channels}).data;
  float* dbeta = call.allocate(2, {channels}).data;
  float* dbias = call.allocate(3, {channels}).data;
  std::vector<double> totalGamma(channels, 0.0), totalBeta(channels, 0.0), totalBias(channels, 0.0);
  std::vector<double> sum(channels), product(channels);
  std::vector<float> constant(channels), slope(channels), factor(channels);
  const int64_t width = channels / groups;

  for (int64_t n = 0; n < images; ++n) {
    float* d = dy.data + n * rows * channels;
    const float* v = x.data + n * rows * channels;
    const float* of = statistics.data + n * kStatistics * channels;
    const float *scale = of + kScale * channels, *shift = of + kShift * channels;
    const float *rstd = of + kRstd * channels, *offset = of + kOffset * channels, *xhatSum = of + kSum * channels;

    columnSums(rows, channels, sum.data(), product.data(), [&](int64_t row, float* s, float* p) {
      const float* __restrict from = d + row * channels;
      const float* __restrict value = v + row * channels;
      float* __restrict sums = s;
      float* __restrict products = p;
      for (int64_t c = 0; c < channels; ++c) {
        const float passed = scale[c] * value[c] + shift[c] > 0 ? from[c] : 0;
        sums[c] += passed;
        products[c] += passed * (rstd[c] * value[c] + offset[c]);
      }
    });

    const double count = static_cast<double>(rows) * width;
    for (int group = 0; group < groups; ++group) {
      double a = 0, b = 0;
      for (int64_t c = group * width; c < (group + 1) * width; ++c) {
        a += gamma[c] * sum[c];
        b += gamma[c] * product[c];
      }
      for (int64_t c = group * width; c < (group + 1) * width; ++c) {
        totalBeta[c] += sum[c];
        totalGamma[c] += product[c];
        totalBias[c] += rstd[c] * (gamma[c] * sum[c] - rows * a / count - xhatSum[c] * b / count);
        // dx = factor·d − slope·x − constant, with x̂ = rstd·x + offset put in.
        factor[c] = rstd[c] * gamma[c];
        slope[c] = static_cast<float>(rstd[c] * rstd[c] * b / count);
        constant[c] = static_cast<float>(rstd[c] * (a + offset[c] * b) / count);
      }
    }

    parallelFor(rows, kGrainRows, [&](int64_t begin, int64_t end, int) {
      for (int64_t row = begin; row < end; ++row) {
        float* __restrict to = d + row * channels;
        const float* __restrict value = v + row * channels;
        for (int64_t c = 0; c < channels; ++c) {
          const float passed = scale[c] * value[c] + shift[c] > 0 ? to[c] : 0;
          to[c] = factor[c] * passed - slope[c] * value[c] - constant[c];
        }
      }
    });
  }
  for (int64_t c = 0; c < channels; ++c) {
    dgamma[c] = static_cast<float>(totalGamma[c]);
    dbeta[c] = static_cast<float>(totalBeta[c]);
    dbias[c] = static_cast<float>(totalBias[c]);
  }
}

}  // namespace

void registerGroupNorm() {
  registerOperation("FcosGroupNormReluInPlace", {"x", "bias", "gamma", "beta"}, {"y", "statistics"}, "groups",
                    &computeInPlace);
  registerOperation("FcosGroupNormRelu", {"x", "bias", "gamma", "beta"}, {"y", "statistics"}, "groups",
                    &computeTraining);
  registerOperation("FcosGroupNormReluGrad", {"dy", "x", "statistics", "gamma"}, {"dx", "dgamma", "dbeta", "dbias"},
                    "groups", &computeGrad);
}

}  // namespace fcos
