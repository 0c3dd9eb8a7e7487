#include "parallel.h"

#include <algorithm>
#include <cstdlib>

namespace fcos {

ThreadPool& ThreadPool::shared() {
  // Never destroyed: its threads may outlive static destructors when Node exits.
  static ThreadPool* pool = [] {
    const char* limit = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int threads = limit && std::atoi(limit) > 0 ? std::atoi(limit) : static_cast<int>(std::thread::hardware_concurrency());
    return new ThreadPool(std::max(1, threads));
  }();
  return *pool;
}

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  started_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run(int parts, const std::function<void(int)>& body) {
  {
    std::lock_guard lock(mutex_);
    body_ = &body;
    next_ = 1;
    parts_ = parts;
    pending_ = parts - 1;
  }
  started_.notify_all();
  body(0);
  std::unique_lock lock(mutex_);
  while (next_ < parts_) {
    const int part = next_++;
    lock.unlock();
    body(part);
    lock.lock();
    --pending_;
  }
  finished_.wait(lock, [this] { return pending_ == 0; });
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    started_.wait(lock, [this] { return stopping_ || next_ < parts_; });
    if (stopping_) return;
    const int part = next_++;
    const auto* body = body_;
    lock.unlock();
    (*body)(part);
    lock.lock();
    if (--pending_ == 0) finished_.notify_one();
  }
}

}  // namespace fcos
