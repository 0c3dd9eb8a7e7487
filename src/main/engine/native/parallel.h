// Splits a loop over the machine's cores. The engine runs one operation at a time, so one pool serves all kernels.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fcos {

class ThreadPool {
 public:
  // TF_NUM_INTRAOP_THREADS, where set, limits these threads as it does TensorFlow's own.
  static ThreadPool& shared();

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls body(part) once for each part in [0, parts), part 0 on the calling thread; returns when all are done.
  void run(int parts, const std::function<void(int)>& body);

  ~ThreadPool();

 private:
  explicit ThreadPool(int threads);
  void work();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable started_, finished_;
  const std::function<void(int)>* body_ = nullptr;
  int next_ = 0, parts_ = 0, pending_ = 0;
  bool stopping_ = false;
};

// Calls body(begin, end, part) over a partition of [0, count). Ranges under `grain` items are not worth a thread.
template <typename Body>
void parallelFor(int64_t count, int64_t grain, const Body& body) {
  const int64_t wanted = (count + grain - 1) / grain;
  const int parts = static_cast<int>(std::max<int64_t>(1, std::min<int64_t>(ThreadPool::shared().size(), wanted)));
  if (parts == 1) {
    body(int64_t{0}, count, 0);
    return;
  }
  ThreadPool::shared().run(parts, [&](int part) { body(count * part / parts, count * (part + 1) / parts, part); });
}

}  // namespace fcos
