//! Stands in for the codec where it is not compiled in: nothing can be made of these types.

use super::{Agreed, Deflate};
use bytes::BytesMut;
use core::marker::PhantomData;

#[derive(Debug)]
pub(crate) enum Compressor {}

#[derive(Debug)]
pub(crate) enum Decompressor {}

/// One message, compressed in no way.
pub(crate) struct Variants<T>(PhantomData<T>);

impl<T> Default for Variants<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T> Variants<T> {
    pub(crate) fn get(&self, never: &mut Compressor, _: &[u8], _: impl FnOnce(&[u8]) -> T) -> Option<T> {
        match *never {}
    }
}

/// The compressed data are not DEFLATE.
#[derive(Debug)]
pub(crate) struct Corrupt;

impl Compressor {
    pub(crate) fn new(_: &Agreed, _: &Deflate) -> Option<Self> {
        None
    }

    pub(crate) fn wants(&self, _: usize) -> bool {
        match *self {}
    }

    pub(crate) fn compress<R>(&mut self, _: &[u8], _: bool, _: impl FnOnce(&[u8]) -> R) -> Option<R> {
        match *self {}
    }

    pub(crate) fn is_stateless(&self) -> bool {
        match *self {}
    }
}

impl Decompressor {
    pub(crate) fn new(_: &Agreed) -> Option<Self> {
        None
    }

    pub(crate) fn inflate(&mut self, _: &[u8], _: &mut BytesMut, _: usize) -> Result<usize, Corrupt> {
        match *self {}
    }

    pub(crate) fn finish(&mut self, _: &[u8]) -> Result<(), Corrupt> {
        match *self {}
    }

    pub(crate) fn remember(&mut self, _: &[u8]) {
        match *self {}
    }

    pub(crate) fn end_message(&mut self) {
        match *self {}
    }
}
