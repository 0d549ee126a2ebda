package com.acme.shop;

/** What one request does. */
public interface Work {
  void serve() throws Exception;
}
